import { describe, expect, it } from "vitest"
import { xml } from "./element.ts"
import { findMark, markChildXml, markChildren, markNamespace, markXml } from "./mark.ts"
import { parseXml } from "./parse-xml.ts"

const parse = (metadata: string) => parseXml(`<network>${metadata}</network>`, "network")

describe("our mark", () => {
  it("is found as it was written", () => {
    const written = markXml("network", { id: "n1" }, markChildXml("nic", { mac: "m" }))
    const mark = findMark(parse(written.markup), "network")
    expect(mark?.attribute("id")).toBe("n1")
    expect(mark === undefined ? [] : markChildren(mark, "nic").map((nic) => nic.attribute("mac"))).toEqual(["m"])
  })

  it("is found under another prefix and without one", () => {
    for (const name of ["other:network", "network"]) {
      const [prefix] = name.split(":")
      const declaration = name === "network" ? "xmlns" : `xmlns:${prefix}`
      const mark = xml("metadata", {}, xml(name, { [declaration]: markNamespace, id: "n1" }))
      expect(findMark(parse(mark.markup), "network")?.attribute("id")).toBe("n1")
    }
  })

  it.each([
    ["no metadata", ""],
    ["another's namespace", `<metadata><slash64:network xmlns:slash64="urn:other" id="n1"/></metadata>`],
    [
      "our namespace at another prefix",
      `<metadata><a:network xmlns:slash64="${markNamespace}" xmlns:a="urn:b"/></metadata>`,
    ],
    ["another kind", `<metadata><slash64:router xmlns:slash64="${markNamespace}" id="n1"/></metadata>`],
    ["a mark outside metadata", `<slash64:network xmlns:slash64="${markNamespace}" id="n1"/>`],
  ])("is not on an object with %s", (_, document) => {
    expect(findMark(parse(document), "network")).toBeUndefined()
  })
})
