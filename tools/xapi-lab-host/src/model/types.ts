import { type XapiError, internalError } from "../xapi-error.ts"

/** What crosses the wire, as JSON writes it. */
export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value }

/** An opaque reference; it is good for one database, never for ever. */
export type Ref = string

export const nullRef: Ref = "OpaqueRef:NULL"

/** A type of XAPI: what it takes from the wire, and how XML-RPC writes it. JSON writes the value as it is. */
export interface Type<T = Value> {
  /** Throws what a running xapi answers when the value is another. */
  parse(given: unknown): T
  xml(value: T): string
}

export type ValueOf<T> = T extends Type<infer V> ? V : never

const mismatch = (): XapiError => internalError('Failure("Unknown tag/contents")')

export const text: Type<string> = {
  parse(given) {
    if (typeof given !== "string") throw mismatch()
    return given
  },
  xml: escapeXml,
}

/** 64 bits in XAPI; XML-RPC writes them as a string, and both wires take either. */
export const int: Type<number> = {
  parse(given) {
    const value = typeof given === "string" && /^-?\d+$/.test(given) ? Number(given) : given
    if (typeof value !== "number" || !Number.isSafeInteger(value)) throw mismatch()
    return value
  },
  xml: String,
}

export const float: Type<number> = {
  parse(given) {
    const value = typeof given === "string" && given.trim() !== "" ? Number(given) : given
    if (typeof value !== "number" || !Number.isFinite(value)) throw mismatch()
    return value
  },
  xml: (value) => `<double>${value}</double>`,
}

export const bool: Type<boolean> = {
  parse(given) {
    if (typeof given !== "boolean") throw mismatch()
    return given
  },
  xml: (value) => `<boolean>${value ? 1 : 0}</boolean>`,
}

/** As in `20261124T18:13:18Z`. */
export const time: Type<string> = {
  parse: (given) => text.parse(given),
  xml: (value) => `<dateTime.iso8601>${value}</dateTime.iso8601>`,
}

export function oneOf<const V extends string>(...values: readonly V[]): Type<V> {
  return {
    parse(given) {
      const value = values.find((one) => one === given)
      if (value === undefined) throw mismatch()
      return value
    },
    xml: escapeXml,
  }
}

export function setOf<T extends Value>(item: Type<T>): Type<readonly T[]> {
  return {
    parse(given) {
      if (!Array.isArray(given)) throw mismatch()
      return given.map((one: unknown) => item.parse(one))
    },
    xml: (value) => `<array><data>${value.map((one) => `<value>${item.xml(one)}</value>`).join("")}</data></array>`,
  }
}

export function mapOf<T extends Value>(item: Type<T>): Type<Readonly<Record<string, T>>> {
  return {
    parse(given) {
      if (!isDictionary(given)) throw mismatch()
      return Object.fromEntries(Object.entries(given).map(([key, one]) => [key, item.parse(one)]))
    },
    xml: (value) => xmlStruct(Object.entries(value).map(([key, one]) => [key, item.xml(one)])),
  }
}

/** Values whose types are not told, as in the snapshot of an event. */
export const anything: Type = {
  parse() {
    throw mismatch()
  },
  xml(value) {
    if (typeof value === "string") return text.xml(value)
    if (typeof value === "number") return int.xml(value)
    if (typeof value === "boolean") return bool.xml(value)
    return isArray(value) ? setOf(anything).xml(value) : mapOf(anything).xml(value)
  },
}

export const texts = setOf(text)
export const textMap = mapOf(text)

export function xmlStruct(members: readonly (readonly [string, string])[]): string {
  const written = members.map(
    ([name, value]) => `<member><name>${escapeXml(name)}</name><value>${value}</value></member>`,
  )
  return `<struct>${written.join("")}</struct>`
}

export function isDictionary(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function isArray(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" }

export function escapeXml(value: string): string {
  return value.replaceAll(/[&<>]/g, (character) => escapes[character] ?? character)
}
