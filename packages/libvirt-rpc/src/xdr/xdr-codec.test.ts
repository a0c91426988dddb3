import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as codecs from "../generated/codecs.ts"
import { arbitraryOf } from "../testing/arbitrary-of.test.kit.ts"
import { decode } from "./decode.ts"
import * as x from "./xdr-codec.ts"
import type { Codec } from "./xdr-codec.ts"
import { XdrError } from "./xdr-error.ts"
import { XdrWriter } from "./xdr-writer.ts"

/** A codec of which the type is not known when the test is compiled. */
interface AnyCodec extends Pick<Codec<unknown>, "shape" | "read"> {
  readonly write: (writer: XdrWriter, value: never) => void
}

function encodeAny(codec: AnyCodec, value: unknown): Buffer {
  const writer = new XdrWriter()
  Reflect.apply(codec.write, codec, [writer, value])
  return writer.finish()
}

function encode<T>(codec: Codec<T>, value: T): Buffer {
  const writer = new XdrWriter()
  codec.write(writer, value)
  return writer.finish()
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ""), "hex")
}

describe("the codecs write RFC 4506", () => {
  const domain = { name: "vm1", uuid: "00112233-4455-6677-8899-aabbccddeeff", id: -1 }

  it.each([
    ["int", encode(x.int, -2), "ffff fffe"],
    ["uint", encode(x.uint, 0xfffffffe), "ffff fffe"],
    ["uchar in four bytes", encode(x.uchar, 255), "0000 00ff"],
    ["ushort in four bytes", encode(x.ushort, 65535), "0000 ffff"],
    ["hyper", encode(x.hyper, -2n), "ffff ffff ffff fffe"],
    ["uhyper", encode(x.uhyper, 2n ** 64n - 2n), "ffff ffff ffff fffe"],
    ["double", encode(x.double, 1.5), "3ff8 0000 0000 0000"],
    ["text, padded", encode(x.text(9), "héllo"), "0000 0006  68c3 a96c 6c6f  0000"],
    ["opaque, padded", encode(x.opaque(9), Uint8Array.of(1, 2, 3, 4, 5)), "0000 0005  0102 0304 05  00 0000"],
    ["uuid", encode(x.uuid, "00112233-4455-6677-8899-AABBCCDDEEFF"), "0011 2233 4455 6677 8899 aabb ccdd eeff"],
    ["null", encode(x.optional(x.int), null), "0000 0000"],
    ["not null", encode(x.optional(x.int), 7), "0000 0001 0000 0007"],
    ["list", encode(x.list(x.int, 3), [1, 2]), "0000 0002 0000 0001 0000 0002"],
    ["char[3], four bytes each", encode(x.fixedChars(3), "ab"), "0000 0061 0000 0062 0000 0000"],
    ["char<3>", encode(x.chars(3), "ab"), "0000 0002 0000 0061 0000 0062"],
    [
      "a domain",
      encode(codecs.remoteNonnullDomain, domain),
      "0000 0003 766d 3100  0011 2233 4455 6677 8899 aabb ccdd eeff  ffff ffff",
    ],
    [
      "a typed parameter",
      encode(codecs.remoteTypedParam, { field: "a", value: { type: 4, ul: 5n } }),
      "0000 0001 6100 0000  0000 0004  0000 0000 0000 0005",
    ],
  ])("%s", (_, bytes, expected) => {
    expect(bytes.toString("hex")).toBe(hex(expected).toString("hex"))
  })
})

describe("a value that its type does not allow is refused by the field that holds it", () => {
  const dom = { name: "a", uuid: "00112233-4455-6677-8899-aabbccddeeff", id: 1 }

  it.each<[string, AnyCodec, unknown, string]>([
    ["too large", x.int, 0x80000000, "2147483648 is no whole number from -2147483648 to 2147483647"],
    ["fraction", x.uint, 0.5, "0.5 is no whole number"],
    ["negative", x.uint, -1, "-1 is no whole number from 0"],
    ["number for a hyper", x.hyper, 1, "1 is no bigint"],
    ["large hyper", x.uhyper, 2n ** 64n, "18446744073709551616n is no bigint"],
    ["text for a double", x.double, "1", '"1" is not a number'],
    ["NUL", x.text(9), "a\0b", "holds a NUL character"],
    ["half a surrogate pair", x.text(9), "\ud800", "holds half a surrogate pair"],
    ["number for text", x.text(9), 1, "1 is no string"],
    ["long text", x.text(3), "éé", "4 bytes where at most 3 are allowed"],
    ["short UUID", x.uuid, "00112233", '"00112233" is no UUID'],
    ["array for opaque", x.opaque(3), [1], "[1] is no Uint8Array"],
    ["long opaque", x.opaque(1), Uint8Array.of(1, 2), "2 bytes where at most 1 are allowed"],
    ["long list", x.list(x.int, 1), [1, 2], "2 items where at most 1 are allowed"],
    ["object for a list", x.list(x.int, 1), {}, "{} is no array"],
    ["no arguments", codecs.remoteDomainCreateArgs, undefined, "undefined is no object"],
    ["no field", codecs.remoteDomainCreateArgs, {}, "dom: undefined is no object"],
    ["deep field", codecs.remoteDomainCreateArgs, { dom: { ...dom, id: "1" } }, 'dom.id: "1" is no whole number'],
    [
      "item of a list",
      codecs.remoteDomainSetBlkioParametersArgs,
      { dom, params: [{ field: "weight", value: { type: 9, ui: 1 } }], flags: 0 },
      "params[0].value.type: 9 is none of 1, 2, 3, 4, 5, 6, 7",
    ],
    [
      "wrong arm",
      codecs.remoteTypedParam,
      { field: "weight", value: { type: 2, i: 1 } },
      "value.ui: undefined is no whole number",
    ],
  ])("%s", (_, codec, value, message) => {
    expect(() => encodeAny(codec, value)).toThrow(
      expect.objectContaining({ name: "XdrError", message: expect.stringContaining(message) }),
    )
  })
})

describe("bytes that are not of their type are refused", () => {
  it.each<[string, AnyCodec, string, string]>([
    ["nothing", x.int, "", "4 bytes wanted where 0 are left"],
    ["short text", x.text(9), "0000 0005 6161 6161", "5 items where 4 bytes are left"],
    ["text above its limit", x.text(3), "0000 0004 6161 6161", "4 items where at most 3 are allowed"],
    ["a count that lies", x.list(x.int, 0xffffffff), "4000 0000 0000 0000", "1073741824 items where 4 bytes are left"],
    ["a pointer of 2", x.optional(x.int), "0000 0002", "2 stands where 0 (null) or 1 should"],
    ["an unknown arm", codecs.remoteTypedParam, "0000 0000 0000 0009", "value.type: 9 is none of"],
    ["a uchar of 256", x.uchar, "0000 0100", "256 is outside 0 to 255"],
    ["something left over", x.int, "0000 0000 0000 0000", "4 bytes are left over"],
  ])("%s", (_, codec, bytes, message) => {
    expect(() => decode(codec, hex(bytes))).toThrow(
      expect.objectContaining({ name: "XdrError", message: expect.stringContaining(message) }),
    )
  })
})

/** What a decoder made of bytes: a value is as good as an XdrError. */
function failureOf(codec: AnyCodec, bytes: Uint8Array): unknown {
  try {
    decode(codec, Buffer.from(bytes))
    return undefined
  } catch (error) {
    return error instanceof XdrError ? undefined : error
  }
}

describe("every codec of libvirt", () => {
  const all = Object.entries<AnyCodec>(codecs)

  it("gives back what was written", () => {
    for (const [name, codec] of all) {
      const roundTrip = (value: unknown): void => {
        expect(decode(codec, encodeAny(codec, value)), name).toEqual(value)
      }
      fc.assert(fc.property(arbitraryOf(codec.shape), roundTrip), { numRuns: 5 })
    }
  })

  it("answers any bytes with a value or an XdrError", () => {
    for (const [name, codec] of all) {
      const read = (bytes: Uint8Array): void => {
        expect(failureOf(codec, bytes), name).toBeUndefined()
      }
      fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), read), { numRuns: 10 })
    }
  })

  it("answers what is cut short with an XdrError", () => {
    const codec: AnyCodec = codecs.remoteDomainSetBlkioParametersArgs
    const cut = (value: unknown, part: number): void => {
      const whole = encodeAny(codec, value)
      expect(() => decode(codec, whole.subarray(0, Math.floor(whole.length * part)))).toThrow(XdrError)
    }
    fc.assert(fc.property(arbitraryOf(codec.shape), fc.double({ min: 0, max: 0.99, noNaN: true }), cut))
  })
})
