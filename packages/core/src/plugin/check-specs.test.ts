import type { NetworkSpec, NicSpec, RouterSpec } from "./hypervisor-plugin.ts"
import { createHash } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { newCall } from "./call.ts"
import { checkNetworkSpec } from "./check-network-spec.ts"
import { checkNicSpec } from "./check-nic-spec.ts"
import { checkRouterSpec } from "./check-router-spec.ts"
import { checkTemplateFile, parseTemplateDigest } from "./check-template-spec.ts"

const isolated: NetworkSpec = { id: "net1", attachment: { kind: "isolated" }, mtu: 1500 }
const bridge = (name: string): NetworkSpec => ({ ...isolated, attachment: { kind: "bridge", bridge: name } })
const openVswitch: NetworkSpec = { ...isolated, attachment: { kind: "openvswitch", bridge: "ovs0", vlan: -1 } }
const vlan = (uplink: string, tag: number): NetworkSpec => ({
  ...isolated,
  attachment: { kind: "vlan", uplink, vlan: tag },
})

describe("checkNetworkSpec", () => {
  it.each([isolated, bridge("br-ex.7_+"), vlan("eth0", 1), vlan("bond0", 4094), { ...isolated, mtu: 9216 }])(
    "takes %j",
    (spec) => {
      expect(() => checkNetworkSpec(spec)).not.toThrow()
    },
  )

  it.each([
    ["network.id", { ...isolated, id: "../x" }],
    ["network.mtu", { ...isolated, mtu: 1279 }],
    ["network.mtu", { ...isolated, mtu: 9217 }],
    ["network.mtu", { ...isolated, mtu: 1500.5 }],
    ["network.attachment.bridge", bridge("")],
    ["network.attachment.bridge", bridge("-br")],
    ["network.attachment.bridge", bridge("..")],
    ["network.attachment.bridge", bridge("a/b")],
    ["network.attachment.bridge", bridge("a b")],
    ["network.attachment.bridge", bridge("a\nuplink=x")],
    ["network.attachment.bridge", bridge("sixteen-letters-")],
    ["network.attachment.bridge", bridge("br'><x")],
    ["network.attachment.uplink", vlan("eth0;id", 5)],
    ["network.attachment.vlan", vlan("eth0", 0)],
    ["network.attachment.vlan", vlan("eth0", 4095)],
    ["network.attachment.vlan", vlan("eth0", 1.5)],
    ["network.attachment.vlan", openVswitch],
    ["network.attachment.kind", JSON.parse('{ "id": "net1", "attachment": { "kind": "macvtap" }, "mtu": 1500 }')],
  ])("names the field %s of %j", (field, spec) => {
    expect(() => checkNetworkSpec(spec)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field }))
  })

  it("knows no required ability", () => {
    expect(() => checkNetworkSpec({ ...isolated, requires: ["x"] })).toThrow(
      expect.objectContaining({ code: "UNIMPLEMENTED" }),
    )
  })

  it("knows the abilities and kinds that the adapter says it has", () => {
    expect(() => checkNetworkSpec(isolated, ["isolated"])).not.toThrow()
    expect(() => checkNetworkSpec(vlan("eth0", 5), ["isolated", "bridge"])).toThrow(
      expect.objectContaining({ code: "UNIMPLEMENTED", field: "network.attachment", hint: "Give isolated, bridge." }),
    )
  })
})

const nic: NicSpec = {
  id: "nic1",
  vmId: "4dea22b3-1d52-d8f3-2516-782e98ab3fa0",
  networkId: "net1",
  mac: "02:00:5e:10:00:01",
  addresses: ["2001:db8::5", "192.0.2.5"],
  portSecurity: false,
}

describe("checkNicSpec", () => {
  it("takes one, with port security where the host has it", () => {
    expect(() => checkNicSpec(nic, { portSecurity: false })).not.toThrow()
    expect(() => checkNicSpec({ ...nic, portSecurity: true }, { portSecurity: true })).not.toThrow()
  })

  it.each([
    ["INVALID_ARGUMENT", "nic.id", { id: "a'b" }],
    ["INVALID_ARGUMENT", "nic.networkId", { networkId: "" }],
    ["INVALID_ARGUMENT", "nic.vmId", { vmId: "web1" }],
    ["INVALID_ARGUMENT", "nic.vmId", { vmId: nic.vmId.toUpperCase() }],
    ["INVALID_ARGUMENT", "nic.mac", { mac: "01:00:5e:10:00:01" }],
    ["INVALID_ARGUMENT", "nic.mac", { mac: "02:00:5E:10:00:01" }],
    ["INVALID_ARGUMENT", "nic.mac", { mac: "02-00-5e-10-00-01" }],
    ["INVALID_ARGUMENT", "nic.addresses", { addresses: ["2001:db8::5/64"] }],
    ["UNIMPLEMENTED", "nic.requires", { requires: ["x"] }],
    ["FAILED_PRECONDITION", "nic.portSecurity", { portSecurity: true }],
  ])("is %s with %s for %j", (code, field, wrong) => {
    expect(() => checkNicSpec({ ...nic, ...wrong }, { portSecurity: false })).toThrow(
      expect.objectContaining({ code, field }),
    )
  })
})

const router: RouterSpec = {
  id: "router1",
  templateDigest: `sha256:${"a".repeat(64)}`,
  vcpus: 1,
  memoryMiB: 256,
  seed: Buffer.alloc(512).toString("base64"),
  controlMac: "02:00:00:00:01:01",
  nics: [{ networkId: "net1", mac: "02:00:00:00:01:02" }],
}

describe("checkRouterSpec", () => {
  it("gives the seed's bytes", () => {
    expect(checkRouterSpec(router)).toEqual(Buffer.alloc(512))
  })

  it.each([
    ["router.id", { id: "" }],
    ["router.templateDigest", { templateDigest: "sha256:x" }],
    ["router.vcpus", { vcpus: 0 }],
    ["router.memoryMiB", { memoryMiB: 1.5 }],
    ["router.controlMac", { controlMac: "02:00:00:00:00:AA" }],
    ["router.nics.mac", { nics: [{ networkId: "net1", mac: router.controlMac }] }],
    ["router.nics.networkId", { nics: [{ networkId: "a b", mac: "02:00:00:00:01:02" }] }],
    ["router.seed", { seed: "" }],
    ["router.seed", { seed: Buffer.alloc(513).toString("base64") }],
  ])("names the field %s of %j", (field, wrong) => {
    expect(() => checkRouterSpec({ ...router, ...wrong })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field }),
    )
  })
})

describe("a template", () => {
  it("has a digest of sha256: and 64 hex digits", () => {
    expect(parseTemplateDigest("digest", router.templateDigest)).toBe("a".repeat(64))
    expect(() => parseTemplateDigest("digest", router.templateDigest.toUpperCase())).toThrow(/digest/)
  })

  it("is a file of this digest: another is DATA_LOSS, none is NOT_FOUND", async () => {
    const folder = mkdtempSync(join(tmpdir(), "slash64-template-"))
    const file = join(folder, "router.raw")
    writeFileSync(file, "a template")
    const digest = `sha256:${createHash("sha256").update("a template").digest("hex")}`
    const spec = { digest, version: "1", file, format: "raw" } as const
    await expect(checkTemplateFile(spec, newCall())).resolves.toBeUndefined()
    const other = { ...spec, digest: router.templateDigest }
    await expect(checkTemplateFile(other, newCall())).rejects.toMatchObject({ code: "DATA_LOSS" })
    const absent = { ...spec, file: join(folder, "absent") }
    await expect(checkTemplateFile(absent, newCall())).rejects.toMatchObject({ code: "NOT_FOUND" })
    const aborted = newCall({ signal: AbortSignal.abort() })
    await expect(checkTemplateFile(spec, aborted)).rejects.toMatchObject({ code: "CANCELLED" })
    rmSync(folder, { recursive: true })
  })
})
