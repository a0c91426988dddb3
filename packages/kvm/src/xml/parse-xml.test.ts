import { describe, expect, it } from "vitest"
import { parseXml } from "./parse-xml.ts"

describe("parseXml", () => {
  it("reads attributes, text and children in their order", () => {
    const root = parseXml(
      `<?xml version='1.0'?><!-- by libvirt --><a x='1&apos;&amp;&#50;'><b>t</b><c/><b>u</b></a>`,
      "a",
    )
    expect(root.attribute("x")).toBe("1'&2")
    expect(root.all("b").map(({ text }) => text)).toEqual(["t", "u"])
    expect(root.children.map(({ name }) => name)).toEqual(["b", "c", "b"])
    expect(root.at("c", "nothing")).toBeUndefined()
  })

  it("takes numbers as the text that they are", () => {
    expect(parseXml(`<a x="007">1e3</a>`, "a")).toMatchObject({ attributes: { x: "007" }, text: "1e3" })
  })

  it.each(["", "text", "<a><b></a>", "<a></a><a></a>", "<b/>", "<a x=1/>", "<a"])("refuses %j", (document) => {
    expect(() => parseXml(document, "a")).toThrow(expect.objectContaining({ code: "INTERNAL" }))
  })

  it("has no attribute that only its prototype has", () => {
    expect(parseXml("<a/>", "a").attribute("constructor")).toBeUndefined()
  })
})
