import { XdrError } from "./xdr-error.ts"
import type { XdrReader } from "./xdr-reader.ts"
import type { XdrWriter } from "./xdr-writer.ts"

/** How a value of type T stands on the wire. `write` checks what it is given: a caller may be JavaScript. */
export interface Codec<T> {
  readonly shape: Shape
  readonly write: (writer: XdrWriter, value: T) => void
  readonly read: (reader: XdrReader) => T
}

/** What a codec is made of, for whoever must walk it. */
export type Shape =
  | { readonly kind: "integer"; readonly min: bigint; readonly max: bigint; readonly big: boolean }
  | { readonly kind: "double" | "uuid" | "nothing" }
  | { readonly kind: "literal"; readonly value: number }
  | { readonly kind: "text" | "opaque" | "chars"; readonly max: number }
  | { readonly kind: "list"; readonly item: Shape; readonly max: number }
  | { readonly kind: "optional"; readonly item: Shape }
  | { readonly kind: "struct"; readonly fields: Readonly<Record<string, Shape>> }
  | { readonly kind: "union"; readonly arms: Readonly<Record<number, Shape>> }

/** No bytes at all: the arguments or the reply of a procedure that has none. */
export const nothing: Codec<void> = { shape: { kind: "nothing" }, write: () => {}, read: () => {} }

// rpcgen sends every integer that is shorter than 32 bits as one of 32 bits.
export const int = small(-0x80000000, 0x7fffffff)
export const uint = small(0, 0xffffffff)
export const short = small(-0x8000, 0x7fff)
export const ushort = small(0, 0xffff)
export const char = small(-0x80, 0x7f)
export const uchar = small(0, 0xff)
export const hyper = big(-(2n ** 63n), 2n ** 63n - 1n)
export const uhyper = big(0n, 2n ** 64n - 1n)

export const double: Codec<number> = {
  shape: { kind: "double" },
  write(writer, value) {
    if (typeof value !== "number") throw new XdrError(`${show(value)} is not a number`)
    writer.double(value)
  },
  read: (reader) => reader.double(),
}

/** The discriminant of one arm of a union. */
export function literal<const N extends number>(wanted: N): Codec<N> {
  return {
    shape: { kind: "literal", value: wanted },
    write: (writer) => writer.uint32(wanted),
    read(reader) {
      const value = reader.int32()
      if (value !== wanted) throw new XdrError(`${value} stands where ${wanted} should`)
      return wanted
    },
  }
}

/**
 * A string of at most `max` bytes of UTF-8. A NUL is refused: the other end is C and would silently cut there.
 * Bytes from libvirt that are no UTF-8 are read as U+FFFD.
 */
export function text(max: number): Codec<string> {
  return {
    shape: { kind: "text", max },
    write(writer, value) {
      const bytes = textBytes(value, max)
      writer.uint32(bytes.length)
      writer.bytes(bytes)
    },
    read: (reader) => reader.bytes(reader.count(max, 1)).toString("utf8"),
  }
}

/** At most `max` bytes. What is read is a copy that the caller may keep. */
export function opaque(max: number): Codec<Uint8Array> {
  return {
    shape: { kind: "opaque", max },
    write(writer, value) {
      if (!(value instanceof Uint8Array)) throw new XdrError(`${show(value)} is no Uint8Array`)
      if (value.length > max) throw new XdrError(`${value.length} bytes where at most ${max} are allowed`)
      writer.uint32(value.length)
      writer.bytes(value)
    },
    read: (reader) => Uint8Array.from(reader.bytes(reader.count(max, 1))),
  }
}

const uuidPattern = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

/** Sixteen bytes, here as text: 8-4-4-4-12 hexadecimal digits, lower case when read. */
export const uuid: Codec<string> = {
  shape: { kind: "uuid" },
  write(writer, value) {
    if (typeof value !== "string" || !uuidPattern.test(value)) throw new XdrError(`${show(value)} is no UUID`)
    writer.bytes(Buffer.from(value.replaceAll("-", ""), "hex"))
  },
  read(reader) {
    const hex = reader.bytes(16).toString("hex")
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
  },
}

/** C's `char name[length]`, here the text before the first NUL. rpcgen spends four bytes on each char. */
export function fixedChars(length: number): Codec<string> {
  return {
    shape: { kind: "chars", max: length },
    write(writer, value) {
      const bytes = textBytes(value, length)
      for (let index = 0; index < length; index++) writer.uint32(bytes[index] ?? 0)
    },
    read: (reader) => readChars(reader, length),
  }
}

/** rpcgen's `char name<max>`, here the text before the first NUL. */
export function chars(max: number): Codec<string> {
  return {
    shape: { kind: "chars", max },
    write(writer, value) {
      const bytes = textBytes(value, max)
      writer.uint32(bytes.length)
      for (const byte of bytes) writer.uint32(byte)
    },
    read: (reader) => readChars(reader, reader.count(max, 4)),
  }
}

/** C's pointer: null, or a value. */
export function optional<T>(item: Codec<T>): Codec<T | null> {
  return {
    shape: { kind: "optional", item: item.shape },
    write(writer, value) {
      writer.uint32(value === null ? 0 : 1)
      if (value !== null) item.write(writer, value)
    },
    read(reader) {
      const present = reader.uint32()
      if (present > 1) throw new XdrError(`${present} stands where 0 (null) or 1 should`)
      return present === 1 ? item.read(reader) : null
    },
  }
}

/** At most `max` items. */
export function list<T>(item: Codec<T>, max: number): Codec<readonly T[]> {
  return {
    shape: { kind: "list", item: item.shape, max },
    write(writer, value) {
      if (!Array.isArray(value)) throw new XdrError(`${show(value)} is no array`)
      if (value.length > max) throw new XdrError(`${value.length} items where at most ${max} are allowed`)
      writer.uint32(value.length)
      value.forEach((each, index) => within(`[${index}]`, () => item.write(writer, each)))
    },
    // Every item is at least four bytes long, so a count that lies is found before anything is allocated for it.
    read: (reader) =>
      Array.from({ length: reader.count(max, 4) }, (_, index) => within(`[${index}]`, () => item.read(reader))),
  }
}

/** The fields one after another, in the order of `fields`. */
export function struct<T extends object>(fields: { readonly [K in keyof T]: Codec<T[K]> }): Codec<T>
export function struct(fields: Readonly<Record<string, Codec<unknown>>>): Codec<Loose> {
  const entries = Object.entries(fields)
  return {
    shape: { kind: "struct", fields: Object.fromEntries(entries.map(([name, codec]) => [name, codec.shape])) },
    write(writer, value) {
      if (!isLoose(value)) throw new XdrError(`${show(value)} is no object`)
      for (const [name, codec] of entries) within(name, () => codec.write(writer, value[name]))
    },
    read(reader) {
      const record: Record<string, unknown> = {}
      for (const [name, codec] of entries) record[name] = within(name, () => codec.read(reader))
      return record
    },
  }
}

/** An object of which nothing is known. */
type Loose = Readonly<Record<string, unknown>>

/** The codec of one alternative of T. */
interface Arm<T> {
  readonly shape: Shape
  // A method, because TypeScript then lets it take one alternative only: it is called with no other.
  write(writer: XdrWriter, value: object): void
  read(reader: XdrReader): T
}

/** A number that says which arm follows. Each arm is a struct that begins with that number, named `discriminant`. */
export function union<T extends object>(discriminant: string, arms: Readonly<Record<number, Arm<T>>>): Codec<T>
export function union(discriminant: string, arms: Readonly<Record<number, Arm<object>>>): Codec<object> {
  const armOf = (value: unknown): Arm<object> => {
    const arm = typeof value === "number" ? arms[value] : undefined
    if (arm === undefined) throw new XdrError(`${show(value)} is none of ${Object.keys(arms).join(", ")}`, discriminant)
    return arm
  }
  return {
    shape: {
      kind: "union",
      arms: Object.fromEntries(Object.entries(arms).map(([value, arm]) => [value, arm.shape])),
    },
    write: (writer, value) => armOf(isLoose(value) ? value[discriminant] : value).write(writer, value),
    read: (reader) => armOf(reader.peekInt32()).read(reader),
  }
}

function small(min: number, max: number): Codec<number> {
  return {
    shape: { kind: "integer", min: BigInt(min), max: BigInt(max), big: false },
    write(writer, value) {
      if (!Number.isInteger(value) || value < min || value > max) {
        throw new XdrError(`${show(value)} is no whole number from ${min} to ${max}`)
      }
      writer.uint32(value)
    },
    read(reader) {
      const value = min < 0 ? reader.int32() : reader.uint32()
      if (value < min || value > max) throw new XdrError(`${value} is outside ${min} to ${max}`)
      return value
    },
  }
}

function big(min: bigint, max: bigint): Codec<bigint> {
  return {
    shape: { kind: "integer", min, max, big: true },
    write(writer, value) {
      if (typeof value !== "bigint" || value < min || value > max) {
        throw new XdrError(`${show(value)} is no bigint from ${min} to ${max}`)
      }
      writer.int64(value)
    },
    read: (reader) => (min < 0n ? reader.int64() : reader.uint64()),
  }
}

function textBytes(value: unknown, max: number): Buffer {
  if (typeof value !== "string") throw new XdrError(`${show(value)} is no string`)
  if (value.includes("\0")) throw new XdrError(`${show(value)} holds a NUL character`)
  if (!value.isWellFormed()) throw new XdrError(`${show(value)} holds half a surrogate pair`)
  const bytes = Buffer.from(value, "utf8")
  if (bytes.length > max) throw new XdrError(`${bytes.length} bytes where at most ${max} are allowed`)
  return bytes
}

function readChars(reader: XdrReader, count: number): string {
  const bytes = Buffer.from(Array.from({ length: count }, () => reader.int32() & 0xff))
  const end = bytes.indexOf(0)
  return bytes.toString("utf8", 0, end === -1 ? count : end)
}

function isLoose(value: unknown): value is Loose {
  return typeof value === "object" && value !== null
}

function within<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof XdrError ? error.within(name) : error
  }
}

function show(value: unknown): string {
  const shown = typeof value === "bigint" ? `${value}n` : (JSON.stringify(value) ?? String(value))
  return shown.length > 80 ? `${shown.slice(0, 80)}...` : shown
}
