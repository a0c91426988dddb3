import { randomUUID } from "node:crypto"
import { EventEmitter } from "node:events"
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { XapiError } from "../xapi-error.ts"
import { type ClassName, type Row, fieldsOf, findField, isClassName, transient } from "./schema.ts"
import { type Ref, type Value, isDictionary, nullRef } from "./types.ts"

interface Stored {
  readonly name: ClassName
  readonly values: Readonly<Record<string, Value>>
  readonly created: number
  readonly changed: number
}

/** What changed to a row after some generation; a deleted one has no values any more. */
export interface Change {
  readonly name: ClassName
  readonly ref: Ref
  readonly operation: "add" | "mod" | "del"
  readonly generation: number
}

/** A client that never saw a row does not hear that it is gone. */
interface Deleted extends Change {
  readonly created: number
}

/** The values that a caller may give to a new row or a change. */
export type Values<C extends ClassName> = { readonly [K in keyof Row<C>]?: Row<C>[K] }

/**
 * The objects of one pool, each under its reference. Every change has a generation, so events are a comparison with
 * the generation that a client saw last. With a file, what is not transient is there again after a restart.
 */
export class Database {
  readonly #rows = new Map<Ref, Stored>()
  readonly #deleted: Deleted[] = []
  readonly #changes = new EventEmitter()
  readonly #file: string | undefined
  #generation = 0
  #saved = 0

  constructor(file?: string) {
    this.#file = file
    this.#changes.setMaxListeners(0)
    if (file !== undefined && existsSync(file)) this.#load(file)
  }

  get generation(): number {
    return this.#generation
  }

  add<C extends ClassName>(name: C, given: Values<C>): Ref {
    const values: Record<string, Value> = { uuid: randomUUID() }
    for (const [key, field] of Object.entries(fieldsOf(name))) {
      if (field.inverse === undefined && field.initial !== undefined) values[key] = field.initial
    }
    Object.assign(values, toJson(given))
    const ref = `OpaqueRef:${randomUUID()}`
    const generation = this.#next()
    this.#rows.set(ref, { name, values, created: generation, changed: generation })
    this.#touchTargets(name, values, generation)
    return ref
  }

  /** HANDLE_INVALID when nothing of this class has this reference. */
  get<C extends ClassName>(name: C, ref: Ref): Row<C> {
    const row = this.find(name, ref)
    if (row === undefined) throw new XapiError("HANDLE_INVALID", name, ref)
    return row
  }

  find<C extends ClassName>(name: C, ref: Ref): Row<C> | undefined {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- rows come in by the types of the table alone
    return this.#read(name, ref) as Row<C> | undefined
  }

  /** As {@link get}, for those who know the class only by its name. */
  read(name: ClassName, ref: Ref): Readonly<Record<string, Value>> {
    const row = this.#read(name, ref)
    if (row === undefined) throw new XapiError("HANDLE_INVALID", name, ref)
    return row
  }

  set<C extends ClassName>(name: C, ref: Ref, change: Values<C>): void {
    this.write(name, ref, toJson(change))
  }

  /** As {@link set}, for those who have checked the values by the table. */
  write(name: ClassName, ref: Ref, change: Readonly<Record<string, Value>>): void {
    const stored = this.#rows.get(ref)
    if (stored?.name !== name) throw new XapiError("HANDLE_INVALID", name, ref)
    const generation = this.#next()
    this.#rows.set(ref, { ...stored, values: { ...stored.values, ...change }, changed: generation })
    this.#touchTargets(name, stored.values, generation)
  }

  /** Tells watchers of a row that has not changed. */
  touch(name: ClassName, ref: Ref): number {
    this.write(name, ref, {})
    return this.#generation
  }

  remove(name: ClassName, ref: Ref): void {
    const stored = this.#rows.get(ref)
    if (stored?.name !== name) throw new XapiError("HANDLE_INVALID", name, ref)
    this.#rows.delete(ref)
    const generation = this.#next()
    this.#deleted.push({ name, ref, operation: "del", generation, created: stored.created })
    this.#touchTargets(name, stored.values, generation)
  }

  refs(name: ClassName): readonly Ref[] {
    return [...this.#rows].filter(([, stored]) => stored.name === name).map(([ref]) => ref)
  }

  all<C extends ClassName>(name: C): readonly (readonly [Ref, Row<C>])[] {
    return this.refs(name).map((ref) => [ref, this.get(name, ref)] as const)
  }

  /** What a client that saw `generation` has not seen: one entry a row. */
  since(generation: number): readonly Change[] {
    const live = [...this.#rows].flatMap(([ref, { name, created, changed }]): readonly Change[] => {
      if (changed <= generation) return []
      return [{ name, ref, operation: created > generation ? "add" : "mod", generation: changed }]
    })
    const gone = this.#deleted.filter((one) => one.generation > generation && one.created <= generation)
    return [...live, ...gone].toSorted((one, other) => one.generation - other.generation)
  }

  /** Resolves at the next change, or when the signal fires. */
  async changed(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = () => resolve()
    this.#changes.once("change", wake)
    signal.addEventListener("abort", wake, { once: true })
    if (signal.aborted) wake()
    await promise
    this.#changes.off("change", wake)
    signal.removeEventListener("abort", wake)
  }

  /** Writes what has changed since the last time. */
  save(): void {
    if (this.#file === undefined || this.#saved === this.#generation) return
    const rows = [...this.#rows].filter(([, stored]) => !transient.has(stored.name))
    writeFileSync(`${this.#file}.new`, JSON.stringify({ generation: this.#generation, rows }))
    renameSync(`${this.#file}.new`, this.#file)
    this.#saved = this.#generation
  }

  #read(name: ClassName, ref: Ref): Readonly<Record<string, Value>> | undefined {
    const stored = this.#rows.get(ref)
    if (stored?.name !== name) return undefined
    const inverses = Object.entries(fieldsOf(name)).flatMap(([key, { inverse }]) =>
      inverse === undefined ? [] : [[key, this.#pointingAt(inverse.of, inverse.by, ref)] as const],
    )
    return { ...stored.values, ...Object.fromEntries(inverses) }
  }

  #next(): number {
    this.#generation++
    this.#changes.emit("change")
    return this.#generation
  }

  /** A record shows who points at it, so that it changes with them. */
  #touchTargets(name: ClassName, values: Readonly<Record<string, Value>>, generation: number): void {
    for (const value of Object.values(values)) {
      if (typeof value !== "string" || value === nullRef) continue
      const target = this.#rows.get(value)
      if (target === undefined) continue
      const seen = Object.values(fieldsOf(target.name)).some(({ inverse }) => inverse?.of === name)
      if (seen) this.#rows.set(value, { ...target, changed: generation })
    }
  }

  #pointingAt(name: string, by: string, ref: Ref): readonly Ref[] {
    return [...this.#rows]
      .filter(([, stored]) => stored.name === name && stored.values[by] === ref)
      .map(([each]) => each)
  }

  #load(file: string): void {
    const state: unknown = JSON.parse(readFileSync(file, "utf8"))
    if (!isDictionary(state) || !Array.isArray(state["rows"])) throw new Error(`${file} is not a database of this host`)
    for (const entry of state["rows"]) {
      const [ref, stored] = parseStored(entry, file)
      this.#rows.set(ref, stored)
    }
    this.#generation = Number(state["generation"])
    this.#saved = this.#generation
  }
}

function parseStored(entry: unknown, file: string): readonly [Ref, Stored] {
  const [ref, stored]: readonly unknown[] = Array.isArray(entry) ? entry : []
  const name = isDictionary(stored) ? stored["name"] : undefined
  if (!isDictionary(stored) || typeof ref !== "string" || typeof name !== "string" || !isClassName(name)) {
    throw new Error(`${file} has a row that this host does not know`)
  }
  const given = isDictionary(stored["values"]) ? stored["values"] : {}
  const values = Object.entries(given).flatMap(([key, value]) => {
    const field = findField(name, key)
    return field === undefined ? [] : [[key, field.type.parse(value)] as const]
  })
  const [created, changed] = [Number(stored["created"]), Number(stored["changed"])]
  return [ref, { name, values: Object.fromEntries(values), created, changed }]
}

/** The values that are there. */
function toJson(change: object): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}
