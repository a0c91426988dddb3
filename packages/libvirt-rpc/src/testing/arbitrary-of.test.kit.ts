import * as fc from "fast-check"
import type { Shape } from "../xdr/xdr-codec.ts"

/** Any value that a codec of this shape can write, its limits included as far as they are small. */
export function arbitraryOf(shape: Shape): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case "integer":
      return fc.bigInt({ min: shape.min, max: shape.max }).map((value) => (shape.big ? value : Number(value)))
    case "double":
      return fc.double({ noNaN: true })
    case "uuid":
      return fc.uuid()
    case "nothing":
      return fc.constant(undefined)
    case "literal":
      return fc.constant(shape.value)
    case "text":
    case "chars":
      return fc
        .string({ unit: "grapheme", maxLength: Math.min(shape.max, 20) })
        .filter((text) => !text.includes("\0") && Buffer.byteLength(text) <= shape.max)
    case "opaque":
      return fc.uint8Array({ maxLength: Math.min(shape.max, 20) })
    case "list":
      return fc.array(arbitraryOf(shape.item), { maxLength: Math.min(shape.max, 4) })
    case "optional":
      return fc.option(arbitraryOf(shape.item), { nil: null })
    case "struct":
      return fc.record(
        Object.fromEntries(Object.entries(shape.fields).map(([key, field]) => [key, arbitraryOf(field)])),
      )
    case "union":
      return fc.oneof(...Object.values(shape.arms).map(arbitraryOf))
    default:
      return shape satisfies never
  }
}
