import { Slash64Error } from "../errors.ts"
import type { Row } from "./sqlite-connection.ts"

/** A column of a row, of the type that the schema promises; another is DATA_LOSS. */
export function textOf(row: Row, column: string): string {
  const value = row[column]
  if (typeof value === "string") return value
  throw damaged(column)
}

export function numberOf(row: Row, column: string): number {
  const value = row[column]
  if (typeof value === "number") return value
  throw damaged(column)
}

/** 16 bytes as a number; undefined where there is none. */
export function addressOf(row: Row, column: string): bigint | undefined {
  const value = row[column]
  if (value === null) return undefined
  if (value instanceof Uint8Array && value.length === 16) return BigInt(`0x${Buffer.from(value).toString("hex")}`)
  throw damaged(column)
}

export function addressBlob(address: bigint): Uint8Array {
  return Buffer.from(address.toString(16).padStart(32, "0"), "hex")
}

/** What the store holds can be read no more. */
export function damaged(what: string, cause?: unknown): Slash64Error {
  return new Slash64Error("DATA_LOSS", `store: ${what} cannot be read`, {
    field: "store",
    value: what,
    hint: "put back a backup; keep the file for a look",
    cause,
  })
}
