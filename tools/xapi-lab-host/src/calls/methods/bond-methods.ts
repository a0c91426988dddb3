import type { BondSpec } from "../../lower/lower-half.ts"
import { bondMode } from "../../model/classes/network.ts"
import { type Ref, nullRef, text, textMap, texts } from "../../model/types.ts"
import type { World } from "../../world.ts"
import { XapiError } from "../../xapi-error.ts"
import { method } from "../method.ts"

/** One bond at a time: whether a NIC is in one already is asked first. */
const bonds = "Bond"

export const bondMethods = [
  method("Bond.create", {
    params: { network: text, members: texts, MAC: text, mode: bondMode, properties: textMap },
    defaults: { mode: "balance-slb", properties: {} },
    result: text,
    run: ({ network, members, MAC, mode, properties }, world) =>
      world.turns.run(bonds, async () => {
        const { db } = world
        const { host, management, IP } = checkMembers(world, members, network)
        const taken = db.all("PIF").flatMap(([, pif]) => (pif.host === host ? [pif.device] : []))
        const device = firstFree(taken)
        const pifs = members.map((member) => db.get("PIF", member))
        const MTU = Math.min(...pifs.map((pif) => pif.MTU), db.get("network", network).MTU)
        const mac = MAC === "" ? (pifs[0]?.MAC ?? "") : MAC
        const master = db.add("PIF", { device, network, host, MAC: mac, MTU, management, IP })
        const bond = db.add("Bond", {
          master,
          mode,
          properties,
          primary_slave: members[0] ?? nullRef,
          links_up: members.length,
        })
        for (const member of members) db.set("PIF", member, { bond_slave_of: bond, management: false, IP: "" })
        await world.below(host).ensureBond(db.get("network", network).bridge, specOf(world, bond))
        return bond
      }),
  }),
  method("Bond.destroy", {
    params: { self: text },
    run: ({ self }, world) =>
      world.turns.run(bonds, async () => {
        const { db } = world
        const { master, slaves, primary_slave } = db.get("Bond", self)
        const { network, host, management, IP, VLAN_slave_of } = db.get("PIF", master)
        if (VLAN_slave_of.length > 0) throw new XapiError("PIF_VLAN_STILL_EXISTS", master)
        const spec = specOf(world, self)
        for (const slave of slaves) db.set("PIF", slave, { bond_slave_of: nullRef })
        db.set("PIF", primary_slave, { management, IP })
        db.remove("Bond", self)
        db.remove("PIF", master)
        await world.below(host).removeBond(db.get("network", network).bridge, spec)
      }),
  }),
]

/** The first member: what it carries goes on in the bond. */
function checkMembers({ db }: World, members: readonly Ref[], network: Ref) {
  const pifs = members.map((member) => db.get("PIF", member))
  const [first] = pifs
  if (first === undefined || pifs.length < 2) throw new XapiError("PIF_BOND_NEEDS_MORE_MEMBERS")
  for (const [index, pif] of pifs.entries()) {
    const member = members[index] ?? ""
    if (pif.host !== first.host) throw new XapiError("PIF_CANNOT_BOND_CROSS_HOST")
    if (pif.bond_slave_of !== nullRef) throw new XapiError("PIF_ALREADY_BONDED", member)
    if (!pif.physical) throw new XapiError("PIF_NOT_PHYSICAL", member)
    if (pif.VLAN_slave_of.length > 0) throw new XapiError("PIF_VLAN_STILL_EXISTS", member)
  }
  const connected = db.get("network", network).PIFs.find((pif) => db.get("PIF", pif).host === first.host)
  if (connected !== undefined) throw new XapiError("NETWORK_ALREADY_CONNECTED", first.host, connected)
  const carrier = pifs.find((pif) => pif.management) ?? first
  return { host: first.host, management: carrier.management, IP: carrier.IP }
}

function specOf({ db }: World, bond: Ref): BondSpec {
  const { master, slaves, mode } = db.get("Bond", bond)
  const members = slaves.map((slave) => {
    const { device, network } = db.get("PIF", slave)
    return { device, bridge: db.get("network", network).bridge }
  })
  return { device: db.get("PIF", master).device, mode, members }
}

function firstFree(taken: readonly string[]): string {
  for (let number = 0; ; number++) if (!taken.includes(`bond${number}`)) return `bond${number}`
}
