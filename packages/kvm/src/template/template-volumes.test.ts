import { describe, expect, it } from "vitest"
import { digestOfMarker, markerName, newImageName, parseMarker } from "./template-volumes.ts"

const digest = `sha256:${"0123456789abcdef".repeat(4)}`

describe("template volumes", () => {
  it("carry the digest in the marker's name alone", () => {
    expect(digestOfMarker(markerName(digest))).toBe(digest)
    expect(digestOfMarker(newImageName(digest))).toBeUndefined()
    expect(digestOfMarker("template-x.json")).toBeUndefined()
  })

  it("have a name for each upload", () => {
    expect(newImageName(digest)).not.toBe(newImageName(digest))
  })

  it.each(["sha256:", "md5:abc", `sha256:${"A".repeat(64)}`, "../../etc/passwd"])("refuse the digest %j", (wrong) => {
    expect(() => markerName(wrong)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field: "template.digest" }),
    )
  })

  it("are whole only with a whole marker", () => {
    const marker = { image: newImageName(digest), version: "1.0", format: "qcow2" as const }
    expect(parseMarker(JSON.stringify(marker))).toEqual(marker)
    expect(parseMarker(JSON.stringify(marker).slice(0, -1))).toBeUndefined()
    expect(parseMarker("")).toBeUndefined()
    expect(parseMarker(JSON.stringify({ ...marker, image: "../../etc/passwd" }))).toBeUndefined()
  })
})
