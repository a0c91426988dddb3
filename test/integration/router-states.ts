import {
  duidLl,
  parseIpv4Address,
  parseIpv4Prefix,
  parseIpv6Address,
  parseNicMac,
  parsePrefix64,
  type Ipv6Side,
  type Reservation,
  type RouterState,
} from "@slash64/core"

const guestMac = parseNicMac("guestMac", "02:64:00:00:00:01")

/** A dual-stack network where the router VM advertises, answers DNS and is the gateway. */
export const lab: RouterState = {
  routerId: "router-1",
  networkId: "net-1",
  revision: 1,
  guestMac,
  controlMac: parseNicMac("controlMac", "02:64:00:00:00:02"),
  mtu: 1500,
  serverDuid: duidLl(guestMac),
  domain: "lab.example",
  leaseSeconds: 3600,
  ipv6: sideOf("2001:db8:64:1::", "router"),
  ipv4: {
    prefix: parseIpv4Prefix("prefix", "10.64.1.0/24"),
    gateway: parseIpv4Address("gateway", "10.64.1.1"),
    router: parseIpv4Address("router", "10.64.1.1"),
    ranges: [{ start: parseIpv4Address("start", "10.64.1.16"), end: parseIpv4Address("end", "10.64.1.250") }],
    exclusions: [],
    dns: [],
  },
  reservations: [],
}

export function sideOf(network: string, ra: Ipv6Side["ra"]): Ipv6Side {
  const router = parseIpv6Address("router", `${network}1`)
  return {
    prefix: parsePrefix64("prefix", `${network}/64`),
    gateway: ra === "router" ? router : parseIpv6Address("gateway", `${network}ffff`),
    ra,
    router,
    ranges: [{ start: parseIpv6Address("start", `${network}10`), end: parseIpv6Address("end", `${network}fff`) }],
    exclusions: [],
    dns: [],
  }
}

/** The reservation of the NIC with this number, 16 to 250, on the network of `state`. */
export function nicOf(state: RouterState, number: number, isDefault = true): Reservation {
  const network = state.ipv6?.prefix.replace("/64", "") ?? ""
  return {
    nicId: `nic-${number}`,
    mac: parseNicMac("mac", macOf(number)),
    ipv6: parseIpv6Address("ipv6", `${network}${number.toString(16)}`),
    ...(state.ipv4 ? { ipv4: parseIpv4Address("ipv4", `10.64.1.${number}`) } : {}),
    hostname: `vm-${number}`,
    isDefault,
  }
}

export function macOf(number: number): string {
  return `02:64:00:00:01:${number.toString(16).padStart(2, "0")}`
}
