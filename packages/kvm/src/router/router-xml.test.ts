import type { RouterSpec } from "@slash64/core"
import { describe, expect, it } from "vitest"
import { parseXml } from "../xml/parse-xml.ts"
import { checkRouter } from "./check-router.ts"
import { controlNetworkOf, controlNetworkXml } from "./control-network.ts"
import { controlEndpoint } from "./open-router-stream.ts"
import { type RouterGround, readRouter, routerXml } from "./router-xml.ts"

const router: RouterSpec = {
  id: "router1",
  templateDigest: `sha256:${"a".repeat(64)}`,
  vcpus: 1,
  memoryMiB: 256,
  seed: Buffer.alloc(512).toString("base64"),
  controlMac: "02:00:00:00:01:01",
  nics: [{ networkId: "net1", mac: "02:00:00:00:01:02" }],
}
const ground: RouterGround = {
  virtualization: "qemu",
  controlNetwork: "s64-control",
  disk: "/var/lib/libvirt/images/slash64/router.qcow2",
  seed: "/var/lib/libvirt/images/slash64/seed.img",
  seedDigest: "b".repeat(64),
  wires: new Map([["net1", { mtu: 1400, offloadsOff: false }]]),
}
const config = { uri: "qemu:///system" }
const ranged = { ...config, control: { range: "192.0.2.0/24" } }

describe("routerXml", () => {
  it.each(["qemu", "kvm"] as const)("renders a router on %s", async (virtualization) => {
    const document = routerXml(router, { ...ground, virtualization })
    await expect(`${document.markup}\n`).toMatchFileSnapshot(`golden/router-${virtualization}.xml`)
  })

  it.each([router, { ...router, controlAddress: "192.0.2.7/24" }])("reads it back", (spec) => {
    const { seed: _, ...rest } = spec
    const read = readRouter(parseXml(routerXml(spec, ground).markup, "domain"))
    expect(read).toEqual({ ...rest, seedDigest: ground.seedDigest, controlNetwork: "s64-control" })
  })

  it("holds no byte of the seed", () => {
    const secret = Buffer.from("planted-secret".padEnd(512)).toString("base64")
    expect(routerXml({ ...router, seed: secret }, ground).markup).not.toContain(secret.slice(0, 16))
  })

  it("is not read from a domain that does not bear our mark", () => {
    expect(readRouter(parseXml("<domain><name>slash64-router-v7w6fcolma6y</name></domain>", "domain"))).toBeUndefined()
  })
})

describe("the control network", () => {
  it.each([
    ["link-local", config],
    ["static", ranged],
  ])("renders %s", async (name, one) => {
    await expect(`${controlNetworkXml(controlNetworkOf(one)).markup}\n`).toMatchFileSnapshot(
      `golden/control-${name}.xml`,
    )
  })

  it("has a bridge for each range, with a name that Linux takes", () => {
    expect(controlNetworkOf(ranged).name).toMatch(/^s64-ctl-[a-z2-7]{7}$/)
  })
})

describe("controlEndpoint", () => {
  const marked = { ...router, seedDigest: "", controlNetwork: "s64-control" }
  it("is the link-local address on the control bridge", () => {
    expect(controlEndpoint(marked)).toBe("fe80::ff:fe00:101%s64-control")
  })
  it("is the static address without its length", () => {
    expect(controlEndpoint({ ...marked, controlAddress: "192.0.2.7/24" })).toBe("192.0.2.7")
  })
})

describe("checkRouter", () => {
  it("gives the seed's bytes", () => {
    expect(checkRouter(router, config)).toEqual(Buffer.alloc(512))
  })

  it.each([
    ["router.id", { id: "" }],
    ["router.templateDigest", { templateDigest: "sha256:x" }],
    ["router.vcpus", { vcpus: 0 }],
    ["router.memoryMiB", { memoryMiB: 1 }],
    ["router.controlMac", { controlMac: "01:00:00:00:00:01" }],
    ["router.controlMac", { controlMac: "02:00:00:00:00:AA" }],
    ["router.nics.mac", { nics: [{ networkId: "net1", mac: router.controlMac }] }],
    ["router.nics.networkId", { nics: [{ networkId: "a b", mac: "02:00:00:00:01:02" }] }],
    ["router.seed", { seed: "" }],
    ["router.seed", { seed: Buffer.alloc(513).toString("base64") }],
    ["router.controlAddress", { controlAddress: "192.0.2.7/24" }],
  ])("names the field %s of %j", (field, wrong) => {
    expect(() => checkRouter({ ...router, ...wrong }, config)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field }),
    )
  })
})
