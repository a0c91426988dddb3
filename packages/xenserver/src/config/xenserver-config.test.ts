import { describe, expect, it } from "vitest"
import { parseXenserverConfig } from "./xenserver-config.ts"

const pin = `sha256:${"a".repeat(64)}`
const good = { url: "https://pool.example", user: "root", password: "env:POOL", certificates: [pin] }

describe("parseXenserverConfig", () => {
  it("takes https with a pin, and http on the loopback alone without one", () => {
    expect(parseXenserverConfig(good)).toEqual(good)
    expect(parseXenserverConfig({ ...good, url: "https://[2001:db8::1]:8443/" })).toMatchObject({ certificates: [pin] })
    for (const url of ["http://127.0.0.2:8080", "http://[::1]"]) {
      expect(parseXenserverConfig({ url, user: "root", password: "env:P" })).toMatchObject({ url, certificates: [] })
    }
  })

  it.each([
    ["url", { ...good, url: "http://10.0.0.1" }],
    ["url", { ...good, url: "http://127.evil.example" }],
    ["url", { ...good, url: "https://user:secret@pool.example" }],
    ["url", { ...good, url: "https://pool.example/path" }],
    ["url", {}],
    ["user", { ...good, user: "" }],
    ["password", { ...good, password: "hunter2" }],
    ["certificates", { ...good, certificates: [] }],
    ["certificates", { ...good, certificates: ["AA:BB"] }],
    ["verify", { ...good, verify: false }],
    ["config", undefined],
  ])("refuses a bad %s", (field, input) => {
    expect(() => parseXenserverConfig(input)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field }))
  })

  it("shows no password that was given in the place of a reference", () => {
    expect(() => parseXenserverConfig({ ...good, password: "hunter2" })).not.toThrow(/hunter2/)
  })
})
