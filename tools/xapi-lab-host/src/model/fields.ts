import { type Ref, type Type, type Value, text, texts } from "./types.ts"

/** A field of a class. The generated methods, the records and the row's type all follow from it. */
export interface Field<T extends Value = Value> {
  readonly type: Type<T>
  /** The value of a row that does not give it; absent: whoever creates one has to. */
  readonly initial?: T
  /** Whether `create` takes it. */
  readonly given: boolean
  /** Whether it has a setter and, as a map or set, adders and removers. */
  readonly settable: boolean
  readonly shape: "plain" | "map" | "set"
  /** Not stored: the rows of `of` whose field `by` points here. */
  readonly inverse?: { readonly of: string; readonly by: string }
}

export type Fields = Readonly<Record<string, Field>>

/** Told by the host alone. */
export function ro<T extends Value>(type: Type<T>, initial: T): Field<T> {
  return { type, initial, given: false, settable: false, shape: "plain" }
}

/** Said at creation and never changed by a setter of the table. */
export function once<T extends Value>(type: Type<T>, initial?: T): Field<T> {
  return { type, ...(initial !== undefined && { initial }), given: true, settable: false, shape: "plain" }
}

/** Said at creation, with a setter. */
export function rw<T extends Value>(type: Type<T>, initial?: T): Field<T> {
  return { ...once(type, initial), settable: true }
}

/** A map with a setter, an adder and a remover. */
export function rwMap(type: Type<Readonly<Record<string, string>>>, initial?: Readonly<Record<string, string>>) {
  return { ...rw(type, initial), shape: "map" } satisfies Field<Readonly<Record<string, string>>>
}

/** A set of texts with a setter, an adder and a remover. */
export function rwSet(initial?: readonly string[]) {
  return { ...rw(texts, initial), shape: "set" } satisfies Field<readonly string[]>
}

/** The rows of another class that point here. */
export function inverse(of: string, by: string): Field<readonly Ref[]> {
  return { ...ro(texts, []), inverse: { of, by } }
}

/** A reference is a text on the wire; whether it leads anywhere is asked when it is used. */
export const ref: Type<Ref> = text

/** A row's values by the fields of its class. */
export type RowOf<F> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never } & { readonly uuid: string }
