import { describe, expect, it } from "vitest"
import { recordType } from "./schema.ts"
import { anything, bool, float, int, mapOf, oneOf, setOf, text } from "./types.ts"

describe("types of the wire", () => {
  it("write values as XML-RPC wants them", () => {
    expect(text.xml("a<b&c")).toBe("a&lt;b&amp;c")
    expect(int.xml(1500)).toBe("1500")
    expect(float.xml(0.5)).toBe("<double>0.5</double>")
    expect(bool.xml(false)).toBe("<boolean>0</boolean>")
    const set = "<array><data><value>1</value></data></array>"
    const map = `<struct><member><name>a&amp;</name><value>${set}</value></member></struct>`
    expect(mapOf(setOf(int)).xml({ "a&": [1] })).toBe(map)
    expect(anything.xml({ "a&": [1] })).toBe(map)
  })

  it("take a number or its text for an integer and nothing else", () => {
    expect(int.parse("1500")).toBe(1500)
    expect(int.parse(1500)).toBe(1500)
    for (const bad of ["", "15x", 1.5, true, null, "9007199254740993"]) {
      expect(() => int.parse(bad)).toThrow("INTERNAL_ERROR")
    }
  })

  it("refuse an unknown word of an enumeration as xapi does", () => {
    expect(() => oneOf("a", "b").parse("c")).toThrow('INTERNAL_ERROR(Failure("Unknown tag/contents"))')
  })

  it("name the first field that a record lacks, and pass over one that they do not know", () => {
    const given = { device: "0", network: "n", VM: "v", unknown: 1 }
    expect(() => recordType("VIF").parse(given)).toThrow('Server_helpers.Dispatcher_FieldNotFound("MAC")')
    expect(recordType("network").parse({ other_config: {}, unknown: 1 })).not.toHaveProperty("unknown")
  })
})
