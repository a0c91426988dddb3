import { Slash64Error, isSlash64Error } from "../errors.ts"

/** A row of whichever engine, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>

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

/** The 16 bytes of an address; undefined where there is none. */
export function bytesOf(row: Row, column: string): Uint8Array | undefined {
  const value = row[column]
  if (value === null) return undefined
  if (value instanceof Uint8Array && value.length === 16) return value
  throw damaged(column)
}

/** The same as a number. */
export function addressOf(row: Row, column: string): bigint | undefined {
  const bytes = bytesOf(row, column)
  return bytes && BigInt(`0x${Buffer.from(bytes).toString("hex")}`)
}

export function addressBlob(address: bigint): Uint8Array {
  return Buffer.from(address.toString(16).padStart(32, "0"), "hex")
}

/** What the store holds can be read no more. */
export function damaged(what: string, cause?: unknown): Slash64Error {
  const why = isSlash64Error(cause) ? `: ${cause.message}` : ""
  return new Slash64Error("DATA_LOSS", `store: ${what} cannot be read${why}`, {
    field: "store",
    value: what,
    hint: "put back a backup; keep the file for a look",
    cause,
  })
}
