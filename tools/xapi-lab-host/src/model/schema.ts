import * as networks from "./classes/network.ts"
import * as pools from "./classes/pool.ts"
import * as storage from "./classes/storage.ts"
import * as vms from "./classes/vm.ts"
import type { Field, Fields, RowOf } from "./fields.ts"
import { internalError } from "../xapi-error.ts"
import { type Type, type Value, isDictionary, text, xmlStruct } from "./types.ts"

/** Every class and field that this host knows; the methods of the wire are generated from it. */
const { bondMode: _, ...networkClasses } = networks
export const schema = { ...pools, ...networkClasses, ...storage, ...vms } satisfies Readonly<Record<string, Fields>>

export type ClassName = keyof typeof schema
export type Row<C extends ClassName> = RowOf<(typeof schema)[C]>

export const classNames: readonly ClassName[] = Object.keys(schema).filter(isClassName)

export function isClassName(name: string): name is ClassName {
  return Object.hasOwn(schema, name)
}

/** Not in the database's file: both end with the process, as xapi's do. */
export const transient: ReadonlySet<ClassName> = new Set<ClassName>(["session", "task"])

export function fieldsOf(name: ClassName): Fields {
  return schema[name]
}

export function findField(name: ClassName, field: string): Field | undefined {
  if (field === "uuid") return uuid
  return Object.hasOwn(schema[name], field) ? fieldsOf(name)[field] : undefined
}

const uuid: Field = { type: text, initial: "", given: false, settable: false, shape: "plain" }

/** The record of a class: read whole; written as what `create` takes, its other fields as they begin. */
export function recordType(name: ClassName): Type<Readonly<Record<string, Value>>> {
  const fields = fieldsOf(name)
  return {
    parse(given) {
      if (!isDictionary(given)) throw internalError('Failure("Unknown tag/contents")')
      return Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, parseField(given, key, field)]))
    },
    xml(row) {
      const members = Object.entries({ uuid, ...fields }).map(
        ([key, field]) => [key, field.type.xml(row[key] ?? "")] as const,
      )
      return xmlStruct(members)
    },
  }
}

/** As {@link recordType}, with the values that the table says a row of this class has. */
export function recordOf<C extends ClassName>(name: C): Type<Row<C>> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table says which values a row has
  return recordType(name) as unknown as Type<Row<C>>
}

function parseField(given: Readonly<Record<string, unknown>>, key: string, field: Field): Value {
  if (field.given && given[key] !== undefined) return field.type.parse(given[key])
  if (field.initial !== undefined) return field.initial
  throw internalError(`Server_helpers.Dispatcher_FieldNotFound("${key}")`)
}
