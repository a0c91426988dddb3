import { codecName, typeName } from "./names.ts"
import type { Declaration, Struct, Typedef, Union } from "./parse-protocol.ts"
import type { Protocol } from "./protocol.ts"

interface Rendered {
  /** The TypeScript type of a value. */
  readonly type: string
  /** The expression that makes its codec. */
  readonly codec: string
}

const primitives: Readonly<Record<string, Rendered>> = {
  int: { type: "number", codec: "int" },
  "unsigned int": { type: "number", codec: "uint" },
  hyper: { type: "bigint", codec: "hyper" },
  "unsigned hyper": { type: "bigint", codec: "uhyper" },
  "unsigned char": { type: "number", codec: "uchar" },
  "unsigned short": { type: "number", codec: "ushort" },
  short: { type: "number", codec: "short" },
  double: { type: "number", codec: "double" },
}

/** One interface for each struct, one union of alternatives for each union. */
export function renderTypes(protocol: Protocol): string {
  const types = protocol.definitions.flatMap((definition) => {
    if (definition.kind === "struct") return [renderInterface(definition, protocol)]
    if (definition.kind === "union") return [renderAlternatives(definition, protocol)]
    return []
  })
  return types.join("\n\n")
}

/** One codec for each struct, union and typedef. */
export function renderCodecs(protocol: Protocol): string {
  const codecs = protocol.definitions.flatMap((definition) => {
    if (definition.kind === "struct") return [renderStructCodec(definition, protocol)]
    if (definition.kind === "union") return [renderUnionCodec(definition, protocol)]
    if (definition.kind === "typedef") return [renderTypedefCodec(definition, protocol)]
    return []
  })
  return codecs.join("\n")
}

function renderInterface(struct: Struct, protocol: Protocol): string {
  const fields = struct.fields.map((field) => `  readonly ${field.name}: ${render(field, protocol).type}`)
  return [`export interface ${typeName(struct.name)} {`, ...fields, "}"].join("\n")
}

function renderAlternatives(union: Union, protocol: Protocol): string {
  const arms = union.arms.map(
    ({ label, field }) =>
      `  | { readonly ${union.discriminant.name}: ${protocol.number(label)}; ` +
      `readonly ${field.name}: ${render(field, protocol).type} }`,
  )
  return [`export type ${typeName(union.name)} =`, ...arms].join("\n")
}

function renderStructCodec(struct: Struct, protocol: Protocol): string {
  const fields = struct.fields.map((field) => `${field.name}: ${render(field, protocol).codec}`)
  return `export const ${codecName(struct.name)} = x.struct<t.${typeName(struct.name)}>({ ${fields.join(", ")} })`
}

function renderUnionCodec(union: Union, protocol: Protocol): string {
  const name = union.discriminant.name
  const arms = union.arms.map(({ label, field }) => {
    const codec = render(field, protocol).codec
    return `  ${protocol.number(label)}: x.struct({ ${name}: x.literal(${protocol.number(label)}), ${field.name}: ${codec} }),`
  })
  return [
    `export const ${codecName(union.name)}: Codec<t.${typeName(union.name)}> = x.union<t.${typeName(union.name)}>("${name}", {`,
    ...arms,
    "})",
  ].join("\n")
}

function renderTypedefCodec(typedef: Typedef, protocol: Protocol): string {
  const { type, codec } = render(typedef.declaration, protocol)
  const qualified = /^[A-Z]/.test(type) && !type.startsWith("Uint8Array") ? `t.${type}` : type
  return `export const ${codecName(typedef.name)}: Codec<${qualified}> = ${codec}`
}

function render(declaration: Declaration, protocol: Protocol): Rendered {
  const { type, count } = declaration
  const length = count.kind === "fixed" ? protocol.number(count.length) : 0
  const max = count.kind === "variable" && count.max !== undefined ? protocol.number(count.max) : 0xffffffff
  switch (type) {
    case "string":
      return { type: "string", codec: `x.text(${max})` }
    case "opaque":
      if (count.kind === "variable") return { type: "Uint8Array", codec: `x.opaque(${max})` }
      if (length === 16) return { type: "string", codec: "x.uuid" }
      throw new Error(`${declaration.name}: fixed opaque data other than a UUID is not known here`)
    case "char":
      if (count.kind === "fixed") return { type: "string", codec: `x.fixedChars(${length})` }
      if (count.kind === "variable") return { type: "string", codec: `x.chars(${max})` }
      return { type: "number", codec: "x.char" }
    default:
      return counted(named(type, protocol), count, max)
  }
}

function counted(item: Rendered, count: Declaration["count"], max: number): Rendered {
  switch (count.kind) {
    case "one":
      return item
    case "optional":
      return { type: `${item.type} | null`, codec: `x.optional(${item.codec})` }
    case "variable":
      return { type: `readonly ${array(item.type)}[]`, codec: `x.list(${item.codec}, ${max})` }
    case "fixed":
      throw new Error("Fixed arrays of other things than bytes are not known here")
    default:
      return count satisfies never
  }
}

function array(type: string): string {
  return type.includes(" ") ? `(${type})` : type
}

function named(type: string, protocol: Protocol): Rendered {
  const primitive = primitives[type]
  if (primitive !== undefined) return { type: primitive.type, codec: `x.${primitive.codec}` }
  const definition = protocol.definition(type)
  if (definition.kind === "typedef") {
    return { type: render(definition.declaration, protocol).type, codec: codecName(type) }
  }
  if (definition.kind === "enum") return { type: "number", codec: "x.int" }
  return { type: typeName(type), codec: codecName(type) }
}
