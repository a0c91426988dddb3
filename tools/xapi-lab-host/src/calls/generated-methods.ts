import type { Field } from "../model/fields.ts"
import { type ClassName, fieldsOf, findField, recordType } from "../model/schema.ts"
import { mapOf, text, texts } from "../model/types.ts"
import { XapiError } from "../xapi-error.ts"
import { type Method, method } from "./method.ts"

/** What every class has by its table of fields alone. */
export function generatedMethods(name: ClassName): readonly Method[] {
  const record = recordType(name)
  const fields = Object.entries(fieldsOf(name))
  const byLabel = findField(name, "name_label") === undefined ? [] : [getByNameLabel(name)]
  return [
    method(`${name}.get_all`, { params: {}, result: texts, run: (_, { db }) => db.refs(name) }),
    method(`${name}.get_all_records`, {
      params: {},
      result: mapOf(record),
      run: (_, world) => Object.fromEntries(world.db.refs(name).map((ref) => [ref, world.db.read(name, ref)])),
    }),
    method(`${name}.get_record`, {
      params: { self: text },
      result: record,
      run: ({ self }, world) => world.db.read(name, self),
    }),
    method(`${name}.get_by_uuid`, {
      params: { uuid: text },
      result: text,
      run({ uuid }, { db }) {
        const found = db.all(name).find(([, row]) => row.uuid === uuid)
        if (found === undefined) throw new XapiError("UUID_INVALID", name, uuid)
        return found[0]
      },
    }),
    ...byLabel,
    getter(name, "uuid", text),
    ...fields.map(([key, { type }]) => getter(name, key, type)),
    ...fields.filter(([, field]) => field.settable).flatMap(([key, field]) => changers(name, key, field)),
  ]
}

function getByNameLabel(name: ClassName): Method {
  return method(`${name}.get_by_name_label`, {
    params: { label: text },
    result: texts,
    run: ({ label }, world) => world.db.refs(name).filter((ref) => world.db.read(name, ref)["name_label"] === label),
  })
}

function getter(name: ClassName, key: string, type: Field["type"]): Method {
  return method(`${name}.get_${key}`, {
    params: { self: text },
    result: type,
    run: ({ self }, world) => world.db.read(name, self)[key],
  })
}

function changers(name: ClassName, key: string, field: Field): readonly Method[] {
  const set = method(`${name}.set_${key}`, {
    params: { self: text, value: field.type },
    run: ({ self, value }, world) => world.db.write(name, self, { [key]: value }),
  })
  if (field.shape === "map") return [set, addToMap(name, key), removeFromMap(name, key)]
  if (field.shape === "set") return [set, addToSet(name, key), removeFromSet(name, key)]
  return [set]
}

function addToMap(name: ClassName, field: string): Method {
  return method(`${name}.add_to_${field}`, {
    params: { self: text, key: text, value: text },
    run({ self, key, value }, world) {
      const map = mapOf(text).parse(world.db.read(name, self)[field])
      if (Object.hasOwn(map, key)) throw new XapiError("MAP_DUPLICATE_KEY", name, field, self, key)
      world.db.write(name, self, { [field]: { [key]: value, ...map } })
    },
  })
}

function removeFromMap(name: ClassName, field: string): Method {
  return method(`${name}.remove_from_${field}`, {
    params: { self: text, key: text },
    run({ self, key }, world) {
      const { [key]: _, ...rest } = mapOf(text).parse(world.db.read(name, self)[field])
      world.db.write(name, self, { [field]: rest })
    },
  })
}

function addToSet(name: ClassName, field: string): Method {
  return method(`${name}.add_${field}`, {
    params: { self: text, value: text },
    run({ self, value }, world) {
      const set = texts.parse(world.db.read(name, self)[field])
      if (!set.includes(value)) world.db.write(name, self, { [field]: [value, ...set] })
    },
  })
}

function removeFromSet(name: ClassName, field: string): Method {
  return method(`${name}.remove_${field}`, {
    params: { self: text, value: text },
    run({ self, value }, world) {
      const set = texts.parse(world.db.read(name, self)[field])
      world.db.write(name, self, { [field]: set.filter((one) => one !== value) })
    },
  })
}
