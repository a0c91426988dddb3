import type { RouterState } from "@slash64/core"
import { answersDns } from "./render-dnsmasq.ts"

/**
 * nftables.conf: the whole ruleset, loaded in one transaction. Lets in what the router VM serves and nothing else.
 * Stateless on purpose: the router opens no connection of its own, so there is nothing to track.
 */
export function renderNftables(state: RouterState): string {
  return `flush ruleset

# One guest cannot spend dnsmasq's only thread for all the others. At the ingress, because dnsmasq's packet socket sees
# what comes before the chains below.
table netdev slash64 {
	set talkers {
		type ether_addr
		size 16384
		flags dynamic,timeout
		timeout 1m
	}

	chain guest {
		type filter hook ingress device "guest" priority filter; policy accept;
		update @talkers { ether saddr limit rate over 200/second burst 400 packets } drop
	}
}

table inet slash64 {
${routerSets}
	chain input {
		type filter hook input priority filter; policy drop;
		iifname "lo" accept
		iifname "control" jump control
		iifname "guest" jump guest
	}

	chain control {
		tcp dport 22 accept
${indent(icmp)}
	}

	chain guest {
		icmpv6 type nd-router-advert ip6 hoplimit 255 ip6 saddr fe80::/10 jump advertisement
${indent(renderServed(state))}
	}

	# What other routers say is noted for the status, and not followed.
	chain advertisement {
${indent(noted)}
	}

	# A gateway of a lab has one network and nothing behind it: guests reach each other on the link, so there is
	# nothing to forward, and the control network must never be reached from here.
	chain forward {
		type filter hook forward priority filter; policy drop;
	}

	chain output {
		type filter hook output priority filter; policy accept;
${indent(renderOutput(state))}
	}
}
`
}

/** A router that falls silent is forgotten: RFC 4861 section 6.2.1 lets none wait longer than 1800 s. */
const routerSets = ["routers", "unmanaged_routers", "autonomous_routers"]
  .map(
    (name) => `	set ${name} {
		type ipv6_addr
		size 64
		flags dynamic,timeout
		timeout 31m
	}
`,
  )
  .join("\n")

/** Where an option of an RA may begin, in bytes (RFC 4861 section 4.2): at a multiple of 8. */
const optionPlaces = Array.from({ length: 15 }, (_, index) => 16 + 8 * index)

/**
 * By the offsets of RFC 4861 sections 4.2 and 4.6.2, in bits of the ICMPv6 message: M at 40, the router lifetime at 48;
 * a prefix option is of type 3 and length 4, and its A flag 25 bits behind its begin.
 */
const noted = [
  "update @routers { ip6 saddr }",
  "@th,48,16 0 delete @routers { ip6 saddr }",
  "@th,40,1 0 update @unmanaged_routers { ip6 saddr }",
  "@th,40,1 1 delete @unmanaged_routers { ip6 saddr }",
  "delete @autonomous_routers { ip6 saddr }",
  ...optionPlaces.map(
    (byte) => `@th,${8 * byte},16 0x0304 @th,${8 * byte + 25},1 1 update @autonomous_routers { ip6 saddr }`,
  ),
]

/**
 * Neighbour discovery only from the link itself (RFC 4861 section 7.1.1: hop limit 255); no RA is ever taken. An MLD
 * query has to be answered, or a bridge that snoops sends no more neighbour discovery here after some minutes.
 */
const icmp = [
  "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept",
  "icmpv6 type mld-listener-query ip6 saddr fe80::/10 accept",
  "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } limit rate 100/second accept",
  "icmpv6 type echo-request limit rate 100/second accept",
  "icmp type { destination-unreachable, time-exceeded, parameter-problem } limit rate 100/second accept",
  "icmp type echo-request limit rate 100/second accept",
]

function renderServed(state: RouterState): string[] {
  return [
    ...icmp,
    // Makes the kernel know a guest before it asks dnsmasq.
    "icmpv6 type nd-router-solicit ip6 hoplimit 255 accept",
    ...(state.ipv6 ? ["ip6 saddr fe80::/10 udp dport 547 accept"] : []),
    ...(state.ipv4 ? ["meta nfproto ipv4 udp dport 67 accept"] : []),
    ...(answersDns(state) ? ["meta l4proto { tcp, udp } th dport 53 accept"] : []),
  ]
}

function renderOutput({ ipv6 }: RouterState): string[] {
  if (ipv6?.ra === "router") return ['oifname "guest" icmpv6 type nd-redirect drop']
  return [
    "# Another router advertises here. A second one that forwards nothing would cut the guests off.",
    'oifname "guest" icmpv6 type { nd-router-advert, nd-redirect } drop',
  ]
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `\t\t${line}`).join("\n")
}
