import type { PortRules, PortSpec } from "../lower/lower-half.ts"
import type { Ref } from "../model/types.ts"
import type { World } from "../world.ts"

/** The port of a VIF whose VM has its domain number. */
export function portOf({ db }: World, vif: Ref): PortSpec {
  const { device, network, VM, MAC, MTU } = db.get("VIF", vif)
  return {
    name: `vif${db.get("VM", VM).domid}.${device}`,
    device: Number(device),
    bridge: db.get("network", network).bridge,
    mac: MAC.toLowerCase(),
    mtu: MTU,
    rules: rulesOf(db, vif),
  }
}

function rulesOf(db: World["db"], vif: Ref): PortRules {
  const { locking_mode, network, ipv4_allowed, ipv6_allowed } = db.get("VIF", vif)
  switch (locking_mode) {
    case "locked":
      return { mode: "locked", ipv4: ipv4_allowed, ipv6: ipv6_allowed }
    case "network_default":
      return { mode: db.get("network", network).default_locking_mode }
    case "unlocked":
    case "disabled":
      return { mode: locking_mode }
  }
}

/**
 * A network without a PIF gets its bridge on a host with the first VIF there; those of PIFs are there already. On the
 * internal one the host has the first address.
 */
export async function prepareBridge(world: World, vif: Ref, host: Ref): Promise<void> {
  const { bridge, PIFs, other_config } = world.db.get("network", world.db.get("VIF", vif).network)
  if (PIFs.some((pif) => world.db.get("PIF", pif).host === host)) return
  const internal = other_config["is_host_internal_management_network"] === "true"
  await world.below(host).ensureBridge(bridge, internal ? internalAddress : undefined)
}

/** Of `ip_begin` and `netmask` in the network's other_config, as every XenServer has them. */
const internalAddress = "169.254.0.1/16"
