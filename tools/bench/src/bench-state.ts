import { duidLl, parseIpv6Address, parseNicMac, parsePrefix64 } from "@slash64/core"
import type { Reservation, RouterState } from "@slash64/core"

export interface BenchStateRequest {
  readonly routerId: string
  readonly revision: number
  /** How many reservations; at most a million. */
  readonly count: number
  /** What their host names begin with: another name is another set. */
  readonly name?: string | undefined
}

const guestMac = parseNicMac("guestMac", "02:64:00:00:00:01")
const controlMac = parseNicMac("controlMac", "02:64:00:00:00:02")

/** What a router VM beside a rack router serves. */
export function benchState({ routerId, revision, count, name = "vm" }: BenchStateRequest): RouterState {
  return {
    routerId,
    networkId: "bench",
    revision,
    guestMac,
    controlMac,
    mtu: 1500,
    serverDuid: duidLl(guestMac),
    leaseSeconds: 3600,
    ipv6: {
      prefix: parsePrefix64("prefix", "2001:db8:64::/64"),
      gateway: parseIpv6Address("gateway", "2001:db8:64::1"),
      ra: "external",
      router: parseIpv6Address("router", "2001:db8:64::2"),
      ranges: [],
      exclusions: [],
      dns: [],
    },
    reservations: Array.from({ length: count }, (_, index) => reservation(index + 16, name)),
  }
}

/** The number is the end of its MAC and of its address. */
function reservation(number: number, name: string): Reservation {
  const digits = number.toString(16).padStart(6, "0")
  const [high, low] = [Math.floor(number / 0x10000), number % 0x10000]
  const end = high === 0 ? low.toString(16) : `${high.toString(16)}:${low.toString(16)}`
  return {
    nicId: `nic-${number}`,
    mac: parseNicMac("mac", `02:00:00:${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4)}`),
    ipv6: parseIpv6Address("ipv6", `2001:db8:64::${end}`),
    hostname: `${name}-${number}`,
    isDefault: true,
  }
}
