import { createHmac } from "node:crypto"
import { describe, expect, it } from "vitest"
import { fingerprintOf, parseHostKeyPins } from "./host-key-pins.ts"

function keyOf(type: string, rest: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(type.length)
  return Buffer.concat([length, Buffer.from(type), Buffer.from(rest)])
}

const ed25519 = keyOf("ssh-ed25519", "one")
const rsa = keyOf("ssh-rsa", "two")
const ed25519Line = `ssh-ed25519 ${ed25519.toString("base64")}`
const rsaLine = `ssh-rsa ${rsa.toString("base64")}`

function hashed(name: string): string {
  const salt = Buffer.from("0123456789abcdefghij")
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`
}

describe("host key pins", () => {
  it.each([
    ["a fingerprint", [fingerprintOf(ed25519)], 22, undefined],
    ["a key", [ed25519Line], 22, ["ssh-ed25519"]],
    ["a key with a comment", [`${ed25519Line} root@kvm1`], 22, ["ssh-ed25519"]],
    ["a known_hosts line", [`kvm1 ${ed25519Line}`], 22, ["ssh-ed25519"]],
    ["a line with several names", [`other,KVM1,10.0.0.1 ${ed25519Line}`], 22, ["ssh-ed25519"]],
    ["a line with a port", [`[kvm1]:2222 ${ed25519Line}`], 2222, ["ssh-ed25519"]],
    ["a hashed line", [`${hashed("kvm1")} ${ed25519Line}`], 22, ["ssh-ed25519"]],
    ["a hashed line with a port", [`${hashed("[kvm1]:2222")} ${ed25519Line}`], 2222, ["ssh-ed25519"]],
    ["a whole file", [`# comment\n\nkvm2 ${rsaLine}\nkvm1 ${ed25519Line}\n`], 22, ["ssh-ed25519"]],
  ])("accept by %s that key and no other", (_, pins, port, types) => {
    const parsed = parseHostKeyPins(pins, "kvm1", port)
    expect(parsed.accepts(ed25519)).toBe(true)
    expect(parsed.accepts(rsa)).toBe(false)
    expect(parsed.types).toEqual(types)
  })

  it("may be several", () => {
    const parsed = parseHostKeyPins([ed25519Line, `kvm1 ${rsaLine}`], "kvm1", 22)
    expect([parsed.accepts(ed25519), parsed.accepts(rsa)]).toEqual([true, true])
    expect(parsed.types).toEqual(["ssh-ed25519", "ssh-rsa"])
  })

  it.each([
    ["nothing", []],
    ["an empty file", ["# none\n"]],
    ["another host", [`kvm2 ${ed25519Line}`]],
    ["another port", [`[kvm1]:2222 ${ed25519Line}`]],
    ["another hashed host", [`${hashed("kvm2")} ${ed25519Line}`]],
  ])("are missing with %s, and that is an error", (_, pins) => {
    expect(() => parseHostKeyPins(pins, "kvm1", 22)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining("no pin names kvm1") }),
    )
  })

  it.each([
    ["MD5 fingerprint", "MD5:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff"],
    ["short fingerprint", "SHA256:abc"],
    ["pattern", `*.example ${ed25519Line}`],
    ["negated name", `!kvm1,kvm2 ${ed25519Line}`],
    ["authority", `@cert-authority kvm1 ${ed25519Line}`],
    ["revocation", `@revoked kvm1 ${ed25519Line}`],
    ["unknown type", `ssh-dss ${ed25519.toString("base64")}`],
    ["type that is not the key's", `ssh-rsa ${ed25519.toString("base64")}`],
    ["key that is cut", "ssh-ed25519 AAA"],
    ["word", "yes"],
  ])("refuse a %s", (_, pin) => {
    expect(() => parseHostKeyPins([pin, ed25519Line], "kvm1", 22)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining("hostKeys: ") }),
    )
  })
})
