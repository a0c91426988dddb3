import { segmentOf, showRanges } from "@slash64/core"
import type { SharedNetwork } from "@slash64/core"
import { card } from "../output/table.ts"

/** A network's record for a person. */
export function networkCard(network: SharedNetwork): string {
  const { ipv6, ipv4, attachment } = network
  return card({
    network: network.name,
    id: network.id,
    ipv6: ipv6 && `${ipv6.prefix} gateway ${ipv6.gateway} router ${ipv6.router} ra ${ipv6.ra}`,
    pool: ipv6?.pool,
    ranges: ipv6 && showRanges(ipv6.ranges),
    excluded: shownOrAbsent(ipv6?.exclusions),
    ipv4: ipv4 && `${ipv4.prefix} gateway ${ipv4.gateway} router ${ipv4.router}`,
    "ipv4 ranges": ipv4 && showRanges(ipv4.ranges),
    "ipv4 excluded": shownOrAbsent(ipv4?.exclusions),
    attachment: segmentOf(attachment) ?? attachment.kind,
    mtu: network.mtu,
    policy: network.policy,
    lease: `${network.leaseSeconds} s, quarantine ${network.quarantineSeconds} s`,
  })
}

function shownOrAbsent(ranges: Parameters<typeof showRanges>[0] = []): string | undefined {
  return ranges.length === 0 ? undefined : showRanges(ranges)
}
