import type { RouterState } from "@slash64/core"
import { checkRouterState } from "./check-router-state.ts"
import { renderDnsmasq } from "./render-dnsmasq.ts"
import { renderNetwork } from "./render-network.ts"
import { renderNftables } from "./render-nftables.ts"
import { renderHosts } from "./render-hosts.ts"
import { renderSysctl } from "./render-sysctl.ts"

/** The files of a generation by their path (docs/router-protocol.md), ASCII text. */
export type RouterFiles = ReadonlyMap<string, string>

/** Where the reservations are. */
export const hostsPath = "reservations"

/**
 * Renders every file of a router VM. Pure: the same state gives the same bytes, whatever the order of its
 * reservations. Throws INVALID_ARGUMENT for a value that could not stand in a configuration file.
 */
export function renderRouter(state: RouterState): RouterFiles {
  return new Map([...renderSettings(state), [hostsPath, renderHosts(state.reservations).text()]])
}

/** The files beside the reservations. Throws as {@link renderRouter}. */
export function renderSettings(state: RouterState): RouterFiles {
  checkRouterState(state)
  return new Map([
    ["dnsmasq.conf", renderDnsmasq(state)],
    ["network.batch", renderNetwork(state)],
    ["nftables.conf", renderNftables(state)],
    ["sysctl.conf", renderSysctl()],
  ])
}
