import type { RouterState } from "@slash64/core"
import { checkRouterState } from "./check-router-state.ts"
import { renderDnsmasq } from "./render-dnsmasq.ts"
import { renderNetwork } from "./render-network.ts"
import { renderNftables } from "./render-nftables.ts"
import { renderHosts, type RenderedHosts } from "./render-hosts.ts"
import { renderSysctl } from "./render-sysctl.ts"

/** The files of a generation by their path (docs/router-protocol.md), ASCII text. */
export type RouterFiles = ReadonlyMap<string, string>

/**
 * Renders every file of a router VM. Pure: the same state gives the same bytes, whatever the order of its
 * reservations. `hosts` are those of the state, where they are rendered already. Throws INVALID_ARGUMENT for a value
 * that could not stand in a configuration file.
 */
export function renderRouter(state: RouterState, hosts: RenderedHosts = renderHosts(state.reservations)): RouterFiles {
  checkRouterState(state)
  return new Map([
    ["dnsmasq.conf", renderDnsmasq(state)],
    ["network.batch", renderNetwork(state)],
    ["nftables.conf", renderNftables(state)],
    ["reservations", hosts.text],
    ["sysctl.conf", renderSysctl()],
  ])
}
