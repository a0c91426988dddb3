import { inspect } from "node:util"
import { describe, expect, it } from "vitest"
import { parseXenserverConfig, urlsOf } from "./xenserver-config.ts"

const pin = `sha256:${"a".repeat(64)}`
const hostKey = `SHA256:${"A".repeat(43)}`
const good = { url: "https://pool.example", user: "root", password: "env:POOL", certificates: [pin] }

describe("parseXenserverConfig", () => {
  it("takes https with a pin, and http on the loopback alone without one", () => {
    expect(parseXenserverConfig(good)).toEqual(good)
    expect(parseXenserverConfig({ ...good, url: "https://[2001:db8::1]:8443/" })).toMatchObject({ certificates: [pin] })
    for (const url of ["http://127.0.0.2:8080", "http://[::1]"]) {
      expect(parseXenserverConfig({ url, user: "root", password: "env:P" })).toMatchObject({ url, certificates: [] })
    }
  })

  it("takes several ways in, a CA in the place of pins, storage, control network and the way through dom0", () => {
    const { certificates: _, ...rest } = good
    const whole = {
      ...rest,
      url: ["https://one.example", "https://[2001:db8::2]"],
      certificates: [],
      ca: "file:/etc/pool-ca.pem",
      storage: "Local storage",
      control: { network: "xenbr0", range: "10.64.0.0/24" },
      ssh: { user: "root", port: 22, hostKeys: [hostKey], privateKey: "file:/etc/slash64/dom0" },
    }
    expect(parseXenserverConfig(whole)).toEqual(whole)
    expect(urlsOf(parseXenserverConfig(whole))).toEqual(whole.url)
    expect(parseXenserverConfig({ ...good, ssh: { hostKeys: [hostKey] } }).ssh).toEqual({ hostKeys: [hostKey] })
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
    ["url", { ...good, url: [] }],
    ["url", { ...good, url: ["https://one.example", "http://10.0.0.1"] }],
    ["url", { ...good, url: ["https://one.example", 7] }],
    ["ca", { ...good, ca: "file:/ca.pem" }],
    ["ca", { ...good, certificates: [], ca: "env:CA" }],
    ["storage", { ...good, storage: "" }],
    ["storage", { ...good, storage: "a\nb" }],
    ["control.network", { ...good, control: { network: "xenbr0; reboot" } }],
    ["control.range", { ...good, control: { range: "10.0.0.0/31" } }],
    ["control.address", { ...good, control: { address: "10.0.0.1" } }],
    ["ssh.hostKeys", { ...good, ssh: {} }],
    ["ssh.hostKeys", { ...good, ssh: { hostKeys: [] } }],
    ["ssh.hostKeys", { ...good, ssh: { hostKeys: ["ssh-ed25519 AAAA"] } }],
    ["ssh.user", { ...good, ssh: { hostKeys: [hostKey], user: "-oProxyCommand" } }],
    ["ssh.port", { ...good, ssh: { hostKeys: [hostKey], port: 0 } }],
    ["ssh.privateKey", { ...good, ssh: { hostKeys: [hostKey], privateKey: "/etc/key" } }],
    ["verify", { ...good, verify: false }],
    ["config", undefined],
  ])("refuses a bad %s", (field, input) => {
    expect(() => parseXenserverConfig(input)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field, hint: expect.stringMatching(/\S/) }),
    )
  })

  it.each([
    ["password", { ...good, password: "hunter2" }],
    ["key", { ...good, ssh: { hostKeys: [hostKey], privateKey: "hunter2" } }],
  ])("shows no %s that was given in the place of a reference", (_what, input) => {
    const refused = (): unknown => {
      try {
        return parseXenserverConfig(input)
      } catch (error) {
        return error
      }
    }
    expect(refused()).toMatchObject({ code: "INVALID_ARGUMENT" })
    expect(inspect(refused())).not.toContain("hunter2")
  })
})
