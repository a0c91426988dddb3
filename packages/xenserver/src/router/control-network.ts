import { Slash64Error, quote } from "@slash64/core"
import type { XenserverConfig } from "../config/xenserver-config.ts"
import type { XapiNetwork } from "../network/network-mark.ts"

/** The network of the routers' control NICs. No guest of a user is on the default one: it leads to a host's dom0 alone. */
export function requireControlNetwork(networks: readonly XapiNetwork[], { control }: XenserverConfig): XapiNetwork {
  const name = control?.network
  const found = networks.find((network) => {
    if (name !== undefined) return network.uuid === name || network.bridge === name
    return network.other_config["is_host_internal_management_network"] === "true"
  })
  if (found !== undefined) return found
  const what = name === undefined ? "no host internal management network" : `no network ${quote(name)}`
  throw new Slash64Error("NOT_FOUND", `the pool has ${what} for the routers' control NICs`, {
    field: "control.network",
    value: quote(name ?? ""),
    hint: "Give the bridge or UUID of a network as control.network in the host's configuration: `xe network-list params=bridge`.",
  })
}
