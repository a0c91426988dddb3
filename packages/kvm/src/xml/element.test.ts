import { describe, expect, it } from "vitest"
import { escapeXml, xml } from "./element.ts"
import { parseXml } from "./parse-xml.ts"

const hostile = [
  `"/><interface type='network'/><x y="`,
  `']]></name><domain type='kvm'>`,
  "a&b&amp;c&#10;d",
  "<!ENTITY x SYSTEM 'file:///etc/passwd'>",
  "line one\nline two\r\n\ttabbed",
  "${HOME} `id` $(id) %s %n",
  "ümläut 日本語 😀",
]

describe("xml", () => {
  it("leaves out what is undefined and nests what is left", () => {
    const one = xml("a", { b: 1, c: undefined }, undefined, xml("d"), [xml("e", {}, "text"), undefined])
    expect(one.markup).toBe(`<a b="1">\n  <d/>\n  <e>text</e>\n</a>`)
  })

  it.each(hostile)("keeps %j as the value of an attribute and as text, and nothing else", (value) => {
    const read = parseXml(xml("root", { value }, xml("text", {}, `[${value}]`)).markup, "root")
    expect(read.attributes).toEqual({ value })
    expect(read.children.map(({ name }) => name)).toEqual(["text"])
    expect(read.child("text")?.text).toBe(`[${value}]`)
  })

  it.each(["\0", "a\u0008b", "\u001b[31m", "\ud800", "\uffff"])("refuses %j, which no document can hold", (value) => {
    expect(() => escapeXml(value)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }))
  })
})
