import type { NicSpec } from "@slash64/core"
import { describe, expect, it } from "vitest"
import { parseXml } from "../xml/parse-xml.ts"
import { xml } from "../xml/element.ts"
import type { DomainDocuments } from "../vm/domain-documents.ts"
import { planAttach } from "./attach-nic.ts"
import { nicXml, portXml, wireOf } from "./interface-xml.ts"
import { nicAlias, readNicAlias } from "./nic-alias.ts"
import { readInterfaces } from "./read-interfaces.ts"

const vmId = "4dea22b3-1d52-48f3-a516-782e98ab3fa0"
const nic: NicSpec = {
  id: "nic-1",
  vmId,
  networkId: "net1",
  mac: "02:00:5e:10:00:01",
  addresses: [],
  portSecurity: false,
}
const wire = { mtu: 1400, offloadsOff: false }
const domainOf = (...interfaces: readonly ReturnType<typeof xml>[]) =>
  parseXml(xml("domain", {}, xml("devices", {}, interfaces)).markup, "domain")
const documents = (more: Partial<DomainDocuments>): DomainDocuments => ({
  domain: { uuid: vmId, name: "vm", running: true, persistent: true },
  live: undefined,
  config: undefined,
  ...more,
})

describe("nicXml", () => {
  it.each([
    ["nic", wire],
    ["nic-offloads-off", { offloadsOff: true }],
  ])("renders %s", async (name, how) => {
    await expect(`${nicXml(nic, how).markup}\n`).toMatchFileSnapshot(`golden/${name}.xml`)
  })

  it("is read back from a domain", () => {
    const [read] = readInterfaces(domainOf(nicXml({ ...nic, mac: "02:00:5E:10:00:01" }, wire)))
    expect(read).toMatchObject({
      nicId: "nic-1",
      mac: nic.mac,
      network: "s64-nqtq54xskh",
      bridge: undefined,
      device: undefined,
      portId: undefined,
    })
  })

  it("tells the MTU on bridges that are ours alone", () => {
    const network = { id: "net1", mtu: 1400, bridge: "b", offloadsOff: false }
    expect(wireOf({ ...network, attachment: { kind: "isolated" } })).toEqual(wire)
    expect(wireOf({ ...network, attachment: { kind: "vlan", uplink: "eth0", vlan: 2 } })).toEqual(wire)
    expect(wireOf({ ...network, attachment: { kind: "bridge", bridge: "b" } })).toEqual({ offloadsOff: false })
  })
})

describe("nicAlias", () => {
  it.each(["a", "nic-1", "4dea22b3-1d52-48f3-a516-782e98ab3fa0", "a".repeat(64)])("carries %s", (id) => {
    expect(nicAlias(id)).toMatch(/^ua-[A-Za-z0-9_-]+$/)
    expect(readNicAlias(nicAlias(id))).toBe(id)
  })

  it.each([undefined, "", "net0", "ua-s64-", "ua-other", "ua-s64-A b", "ua-s64-a_b"])("does not know %j", (alias) => {
    expect(readNicAlias(alias)).toBeUndefined()
  })
})

describe("planAttach", () => {
  const has = domainOf(nicXml(nic, wire))
  const empty = domainOf()

  it.each([
    ["a running persistent VM", documents({ live: empty, config: empty }), { live: true, config: true }],
    ["a halted VM", documents({ config: empty }), { live: false, config: true }],
    ["a transient VM", documents({ live: empty }), { live: true, config: false }],
    ["one that has it", documents({ live: has, config: has }), { live: false, config: false }],
    ["one that lost it at a restart", documents({ live: empty, config: has }), { live: true, config: false }],
    ["one that would lose it at a restart", documents({ live: has, config: empty }), { live: false, config: true }],
  ])("plugs into what lacks it: %s", (_, before, target) => {
    expect(planAttach(nic, before)).toEqual(target)
  })

  it.each([
    ["nic.id", "the id with another MAC", nicXml({ ...nic, mac: "02:00:5e:10:00:02" }, wire)],
    ["nic.id", "the id on another network", nicXml({ ...nic, networkId: "net2" }, wire)],
    ["nic.mac", "the MAC with another id", nicXml({ ...nic, id: "nic-2" }, wire)],
    ["nic.mac", "the MAC on a NIC that is not ours", portXml("default", "02:00:5E:10:00:01", wire)],
  ])("refuses by %s: the VM has %s", (field, _, there) => {
    const refusal = expect.objectContaining({ code: "ALREADY_EXISTS", field })
    expect(() => planAttach(nic, documents({ live: domainOf(there), config: empty }))).toThrow(refusal)
    expect(() => planAttach(nic, documents({ live: empty, config: domainOf(there) }))).toThrow(refusal)
  })
})
