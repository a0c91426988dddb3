import {
  ipv4FromBigInt,
  ipv4ToBigInt,
  ipv6FromBigInt,
  parseIpv4Address,
  parsePrefix64,
  planNetwork,
  prefix64ToBigInt,
} from "@slash64/core"
import type { AddressPolicy, AddressRange, Ipv4Address, Ipv6Address, SharedNetwork } from "@slash64/core"

/** Both families have 16 addresses, of which the ranges begin with positions 1 to 8. */
export const positionsMost = 15
export const gateway = 1
export const router = 2
export const firstRange = { first: 1, last: 8 }
/** 192.0.2.240 to .255: the last is the broadcast address. */
const base4 = ipv4ToBigInt(parseIpv4Address("base", "192.0.2.240"))

export interface Span {
  readonly first: number
  readonly last: number
}
export type Family = "ipv6" | "ipv4"

/** Where in a /64 the 16 addresses of the model lie, and which of them are reserved there. */
export interface ModelPlace {
  readonly at: string
  readonly prefix: string
  /** The interface identifier of position 0. */
  readonly first: bigint
  readonly reserved: readonly number[]
  readonly policies: readonly AddressPolicy[]
}

const upperHalf = [8, 9, 10, 11, 12, 13, 14, 15]
const policies = ["stable", "sequential", "random"] as const

export const modelPlaces: readonly ModelPlace[] = [
  { at: "the start of a /64", prefix: "2001:db8::/64", first: 0n, reserved: [0], policies },
  { at: "both sides of 8000::", prefix: "8000::/64", first: 0x7ffffffffffffff8n, reserved: [], policies },
  { at: "a first byte of 00", prefix: "64:ff9b::/64", first: 0xffffc0000200n, reserved: [], policies },
  { at: "a lookalike of IPv4-mapped", prefix: "0:0:0:ffff::/64", first: 0xffffc0000200n, reserved: [], policies },
  { at: "the last of the /64", prefix: "fd00::/64", first: 0xffffffffffffff78n, reserved: upperHalf, policies },
  { at: "IANA's own block", prefix: "fd00::/64", first: 0x02005efffdfffff8n, reserved: upperHalf, policies },
  { at: "the addresses of MACs", prefix: "fd00::/64", first: 0xfffe000000n, reserved: [], policies: ["eui64"] },
]

/** The positions of a place as addresses of both families, and back. */
export class ModelAddresses {
  readonly #place: ModelPlace
  readonly #base6: bigint

  constructor(place: ModelPlace) {
    this.#place = place
    this.#base6 = prefix64ToBigInt(parsePrefix64("prefix", place.prefix)) + place.first
  }

  network(policy: AddressPolicy, quarantineSeconds: number): SharedNetwork {
    const side = (family: Family, prefix: string) => ({
      prefix,
      gateway: this.text(family, gateway),
      router: this.text(family, router),
      range: this.range(family, firstRange),
    })
    return planNetwork({
      name: "lab",
      attachment: { kind: "isolated" },
      ipv6: side("ipv6", this.#place.prefix),
      ipv4: side("ipv4", "192.0.2.0/24"),
      policy,
      quarantineSeconds,
    })
  }

  text(family: Family, position: number): string {
    return family === "ipv6" ? ipv6FromBigInt(this.#base6 + BigInt(position)) : ipv4FromBigInt(base4 + BigInt(position))
  }

  range(family: Family, { first, last }: Span): string {
    return `${this.text(family, first)}-${this.text(family, last)}`
  }

  /** -1: it is none of the model's. */
  position(family: Family, address: Ipv6Address | Ipv4Address | undefined): number {
    return positions({ first: 0, last: positionsMost }).find((one) => this.text(family, one) === address) ?? -1
  }

  positionsOf(family: Family, ranges: readonly AddressRange<Ipv6Address | Ipv4Address>[] = []): number[] {
    return ranges.flatMap(({ start, end }) =>
      positions({ first: this.position(family, start), last: this.position(family, end) }),
    )
  }
}

export function positions({ first, last }: Span): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}
