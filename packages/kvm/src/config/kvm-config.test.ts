import { inspect } from "node:util"
import { describe, expect, it } from "vitest"
import { parseKvmConfig } from "./kvm-config.ts"

const hostKey = `ssh-ed25519 ${Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from("ssh-ed25519"), Buffer.alloc(36, 7)]).toString("base64")}`
const local = { uri: "qemu:///system" }
const remote = { uri: "qemu+ssh://root@host.example/system", hostKey, privateKey: "file:/root/.ssh/id" }

/** All that a log could show of the refusal. */
function refusalOf(config: unknown): string {
  try {
    parseKvmConfig(config)
    return ""
  } catch (error) {
    return inspect(error, { depth: 9 }) + JSON.stringify(error)
  }
}

describe("parseKvmConfig", () => {
  it.each([
    local,
    { uri: "qemu:///system?socket=/run/other/libvirt-sock", emulation: "tcg", storage: "/srv/slash64" },
    remote,
    { ...remote, uri: "qemu+ssh://lab-user@[2001:db8::7]:2222/system?socket=/run/libvirt/virtqemud-sock" },
    { ...remote, privateKey: "env:SLASH64_KEY", control: { range: "192.0.2.0/24" } },
    { ...local, control: { range: "fd00:64::/64" } },
    { ...local, control: { bridge: "s64ctl-two" } },
  ])("takes %j as it is", (config) => {
    expect(parseKvmConfig(config)).toEqual(config)
  })

  it.each([
    ["config", undefined],
    ["config", "qemu:///system"],
    ["uri", {}],
    ["uri", { uri: "" }],
    ["uri", { uri: "xen:///system" }],
    ["uri", { uri: "qemu:///session" }],
    ["uri", { uri: "qemu+tls://host/system" }],
    ["uri", { uri: "qemu://host/system" }],
    ["uri", { uri: "qemu:///system?command=nc" }],
    ["uri", { uri: "qemu:///system?socket=relative" }],
    ["uri", { uri: `qemu:///system?socket=/${"a".repeat(108)}` }],
    ["uri", { ...remote, uri: "qemu+ssh://host.example/system" }],
    ["uri", { ...remote, uri: "qemu+ssh://-oProxyCommand=x@host/system" }],
    ["uri", { ...remote, uri: "qemu+ssh://root:secret@host/system" }],
    ["hostKey", { uri: remote.uri }],
    ["hostKey", { ...remote, hostKey: "ssh-ed25519 AAAA" }],
    ["hostKey", { ...remote, hostKey: "SHA256:abc" }],
    ["hostKey", { ...remote, hostKey: hostKey.replace("ssh-ed25519", "ssh-rsa") }],
    ["privateKey", { ...remote, privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----" }],
    ["privateKey", { ...remote, privateKey: "file:relative" }],
    ["privateKey", { ...remote, privateKey: "env:A-B" }],
    ["control.range", { ...local, control: { range: "192.0.2.1/24" } }],
    ["control.range", { ...local, control: { range: "192.0.2.0/30" } }],
    ["control.range", { ...local, control: { range: "fd00::/16" } }],
    ["control.range", { ...local, control: { range: "fe80::%eth0/64" } }],
    ["control.bridge", { ...local, control: { bridge: "a-name-too-long-" } }],
    ["control.bridge", { ...local, control: { bridge: "../up" } }],
    ["control.rage", { ...local, control: { rage: "192.0.2.0/24" } }],
    ["storage", { ...local, storage: "/" }],
    ["storage", { ...local, storage: "/var" }],
    ["storage", { ...local, storage: "/var/../etc" }],
    ["storage", { ...local, storage: "relative/path" }],
    ["storage", { ...local, storage: "/srv/a\nb" }],
    ["emulation", { ...local, emulation: "qemu" }],
    ["password", { ...local, password: "x" }],
  ])("names the field %s of %j", (field, config) => {
    expect(() => parseKvmConfig(config)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field, hint: expect.stringContaining(" ") }),
    )
  })

  it.each([
    { ...remote, privateKey: "planted-secret" },
    { ...remote, uri: "qemu+ssh://root:planted-secret@host/system" },
  ])("never shows a secret that was put where a reference belongs", (config) => {
    expect(refusalOf(config)).toContain("INVALID_ARGUMENT")
    expect(refusalOf(config)).not.toContain("planted-secret")
  })
})
