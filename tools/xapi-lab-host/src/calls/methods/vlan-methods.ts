import { type Ref, int, nullRef, text, texts } from "../../model/types.ts"
import type { World } from "../../world.ts"
import { XapiError } from "../../xapi-error.ts"
import { method } from "../method.ts"

/** One VLAN at a time: whether one is there already is asked first. */
const vlans = "VLAN"

export const vlanMethods = [
  method("pool.create_VLAN_from_PIF", {
    params: { pif: text, network: text, VLAN: int },
    result: texts,
    run: ({ pif, network, VLAN }, world) =>
      world.turns.run(vlans, async () => {
        const made: Ref[] = []
        try {
          for (const tagged of likeOnLiveHosts(world, pif)) made.push(await createVlan(world, tagged, network, VLAN))
        } catch (error) {
          for (const untagged of made) await destroyVlan(world, world.db.get("PIF", untagged).VLAN_master_of)
          throw error
        }
        return made
      }),
  }),
  method("VLAN.create", {
    params: { tagged_PIF: text, tag: int, network: text },
    result: text,
    run: ({ tagged_PIF, tag, network }, world) =>
      world.turns.run(vlans, async () => {
        return world.db.get("PIF", await createVlan(world, tagged_PIF, network, tag)).VLAN_master_of
      }),
  }),
  method("VLAN.destroy", {
    params: { self: text },
    run: ({ self }, world) => world.turns.run(vlans, () => destroyVlan(world, self)),
  }),
]

/** The PIFs of the same network, one of each host that is up. */
function likeOnLiveHosts({ db }: World, pif: Ref): readonly Ref[] {
  return db.get("network", db.get("PIF", pif).network).PIFs.filter((like) => {
    return db.get("host_metrics", db.get("host", db.get("PIF", like).host).metrics).live
  })
}

/** Gives a host the VLANs that the pool was given while it was down, as xapi does when a host starts. */
export async function completeVlans(world: World, host: Ref): Promise<void> {
  const { db } = world
  await world.turns.run(vlans, async () => {
    for (const [, { tagged_PIF, untagged_PIF, tag }] of db.all("VLAN")) {
      const { network } = db.get("PIF", untagged_PIF)
      const has = db.get("network", network).PIFs.some((pif) => db.get("PIF", pif).host === host)
      const like = db.get("network", db.get("PIF", tagged_PIF).network).PIFs
      const tagged = like.find((pif) => db.get("PIF", pif).host === host)
      if (!has && tagged !== undefined) await createVlan(world, tagged, network, tag)
    }
  })
}

/** Gives the untagged PIF, as xapi does. */
async function createVlan(world: World, tagged: Ref, network: Ref, tag: number): Promise<Ref> {
  const { db } = world
  const { host, device, MTU, VLAN, bond_slave_of } = db.get("PIF", tagged)
  const { bridge, MTU: networkMtu } = db.get("network", network)
  const here = db.all("PIF").filter(([, pif]) => pif.host === host)
  const connected = here.find(([, pif]) => pif.network === network)
  if (connected !== undefined) throw new XapiError("NETWORK_ALREADY_CONNECTED", host, connected[0])
  if (tag < 0 || tag >= 4095) throw new XapiError("VLAN_TAG_INVALID", String(tag))
  if (bond_slave_of !== nullRef) throw new XapiError("CANNOT_ADD_VLAN_TO_BOND_SLAVE", tagged)
  if (VLAN >= 0) throw new XapiError("PIF_IS_VLAN", tagged)
  if (here.some(([, pif]) => pif.device === device && pif.VLAN === tag)) throw new XapiError("PIF_VLAN_EXISTS", device)
  await world.below(host).ensureVlanBridge(bridge, device, tag)
  const untagged = db.add("PIF", {
    device,
    network,
    host,
    // All VLANs of XenServer show this one.
    MAC: "fe:ff:ff:ff:ff:ff",
    MTU: Math.min(MTU, networkMtu),
    VLAN: tag,
  })
  const vlan = db.add("VLAN", { tagged_PIF: tagged, untagged_PIF: untagged, tag })
  db.set("PIF", untagged, { VLAN_master_of: vlan })
  return untagged
}

async function destroyVlan(world: World, vlan: Ref): Promise<void> {
  const { db } = world
  const { untagged_PIF } = db.get("VLAN", vlan)
  const { host, network } = db.get("PIF", untagged_PIF)
  db.remove("VLAN", vlan)
  db.remove("PIF", untagged_PIF)
  await world.below(host).removeBridge(db.get("network", network).bridge)
}
