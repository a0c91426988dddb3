import { eui64Address } from "../address/eui64.ts"
import { ipv4FromBigInt } from "../address/ipv4.ts"
import { ipv6FromBigInt, ipv6ToBigInt } from "../address/ipv6-address.ts"
import type { Prefix64 } from "../address/prefix64.ts"
import type { AddressChoice, AddressPool } from "../allocate/address-pool.ts"
import { ipv4Family, ipv6Family, toIntervals } from "./address-ranges.ts"
import type { AddressPolicy, SharedNetwork } from "./records.ts"
import { guestIpv4Space, guestIpv6Space, wholeIpv4Space, wholeIpv6Space } from "./reserved.ts"

/** IPv4 addresses are kept as ::ffff:a.b.c.d, so that one column of 16 bytes holds both families. */
export const ipv4Mapped = 0xffffn << 32n

export interface AddressPools {
  readonly ipv6?: AddressPool
  readonly ipv4?: AddressPool
}

/** The families of a network as the allocator sees them; the cursors are where `sequential` goes on in each. */
export function addressPools(
  network: SharedNetwork,
  cursors: { readonly ipv6?: bigint | undefined; readonly ipv4?: bigint | undefined },
): AddressPools {
  const { id: networkId, policy, ipv6, ipv4 } = network
  return {
    ...(ipv6 && {
      ipv6: {
        networkId,
        family: "ipv6",
        space: guestIpv6Space(ipv6),
        whole: wholeIpv6Space(ipv6),
        excluded: () => toIntervals(ipv6.exclusions, ipv6Family),
        base: 0n,
        choice: ipv6Choice(policy, ipv6.prefix, cursors.ipv6),
        format: ipv6FromBigInt,
      },
    }),
    ...(ipv4 && {
      ipv4: {
        networkId,
        family: "ipv4",
        space: guestIpv4Space(ipv4),
        whole: wholeIpv4Space(ipv4),
        excluded: () => toIntervals(ipv4.exclusions, ipv4Family),
        base: ipv4Mapped,
        choice: ipv4Choice(policy, cursors.ipv4),
        format: ipv4FromBigInt,
      },
    }),
  }
}

function ipv6Choice(policy: AddressPolicy, prefix: Prefix64, cursor = 0n): AddressChoice {
  switch (policy) {
    case "eui64":
      return { policy, addressOf: (mac) => ipv6ToBigInt(eui64Address(prefix, mac)) }
    case "sequential":
      return { policy, cursor }
    case "stable":
    case "random":
      return { policy }
  }
}

/** No IPv4 address follows from a MAC: what comes nearest to `eui64` is one that the NIC gets again. */
function ipv4Choice(policy: AddressPolicy, cursor = 0n): AddressChoice {
  switch (policy) {
    case "eui64":
      return { policy: "stable" }
    case "sequential":
      return { policy, cursor }
    case "stable":
    case "random":
      return { policy }
  }
}
