import { describe, expect, it } from "vitest"
import { xml } from "./element.ts"
import { parseXml } from "./parse-xml.ts"
import { renderNode } from "./render-node.ts"

describe("renderNode", () => {
  it.each(["plain", "<&>\"'", "]]>", "ü", "&#60;", ""])("gives an element back that holds %j", (text) => {
    const document = xml("a", { b: text }, xml("c", { d: "1" }), xml("e", {}, text), xml("f", {}, xml("g"))).markup
    const node = parseXml(document, "a")
    expect(node.attribute("b")).toBe(text)
    expect(node.child("e")?.text).toBe(text)
    expect(parseXml(renderNode(node).markup, "a")).toEqual(node)
  })
})
