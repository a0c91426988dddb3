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

const guestMac = parseNicMac("guestMac", "02:00:00:00:00:01")

export const routerMode: RouterState = {
  routerId: "router-1",
  networkId: "net-1",
  revision: 1,
  guestMac,
  controlMac: parseNicMac("controlMac", "02:00:00:00:00:02"),
  mtu: 1500,
  serverDuid: duidLl(guestMac),
  leaseSeconds: 3600,
  ipv6: ipv6Side("router"),
  reservations: [reservation(0x10, { hostname: "vm-a" })],
}

export const external: RouterState = { ...routerMode, ipv6: ipv6Side("external") }

const ipv4: NonNullable<RouterState["ipv4"]> = {
  prefix: parseIpv4Prefix("prefix", "10.1.0.0/22"),
  gateway: parseIpv4Address("gateway", "10.1.0.1"),
  router: parseIpv4Address("router", "10.1.0.2"),
  ranges: [{ start: parseIpv4Address("start", "10.1.0.16"), end: parseIpv4Address("end", "10.1.3.200") }],
  exclusions: [],
  dns: [],
}

export const dualStack: RouterState = {
  ...external,
  ipv4,
  reservations: [reservation(0x10, { hostname: "vm-a", ipv4: parseIpv4Address("ipv4", "10.1.0.16") })],
}

export const ipv4Only: RouterState = {
  ...without(dualStack, "ipv6"),
  ipv4: { ...ipv4, dns: [parseIpv4Address("dns", "10.1.0.53")] },
  reservations: dualStack.reservations.map((nic) => without(nic, "ipv6")),
}

/** A jumbo network with a domain and DNS servers of its own, whose second NIC is not its VM's default. */
export const twoNics: RouterState = {
  ...dualStack,
  mtu: 9000,
  domain: "lab.example",
  ipv6: {
    ...ipv6Side("external"),
    dns: ["2001:db8:53::1", "2001:db8:53::2"].map((dns) => parseIpv6Address("dns", dns)),
  },
  ipv4: { ...ipv4, dns: [parseIpv4Address("dns", "10.1.0.53")] },
  reservations: [
    ...dualStack.reservations,
    reservation(0x11, { hostname: "vm-b", ipv4: parseIpv4Address("ipv4", "10.1.0.17"), isDefault: false }),
  ],
}

/** Where the router VM advertises, and one of two NICs is not its VM's default. */
export const mixedDefaults: RouterState = {
  ...routerMode,
  reservations: [...routerMode.reservations, reservation(0x11, { hostname: "vm-b", isDefault: false })],
}

/** A unique local prefix, where the router VM is the only DNS server. */
export const uniqueLocal: RouterState = {
  ...routerMode,
  domain: "lab.example",
  ipv6: {
    ...ipv6Side("router"),
    prefix: parsePrefix64("prefix", "fd00:64:0:1::/64"),
    gateway: parseIpv6Address("gateway", "fd00:64:0:1::1"),
    router: parseIpv6Address("router", "fd00:64:0:1::1"),
  },
  reservations: [
    { ...reservation(0x11, { hostname: "vm-b", isDefault: false }), ipv6: parseIpv6Address("ipv6", "fd00:64:0:1::11") },
  ],
}

export function reservation(last: number, values: Partial<Reservation> = {}): Reservation {
  const hex = last.toString(16).padStart(4, "0")
  return {
    nicId: `nic-${hex}`,
    mac: parseNicMac("mac", `02:00:00:00:${hex.slice(0, 2)}:${hex.slice(2)}`),
    ipv6: parseIpv6Address("ipv6", `2001:db8:1::${last.toString(16)}`),
    hostname: `vm-${hex}`,
    isDefault: true,
    ...values,
  }
}

function ipv6Side(ra: "external" | "router"): Ipv6Side {
  const router = parseIpv6Address("router", "2001:db8:1::2")
  return {
    prefix: parsePrefix64("prefix", "2001:db8:1::/64"),
    gateway: ra === "router" ? router : parseIpv6Address("gateway", "2001:db8:1::1"),
    ra,
    router,
    ranges: [{ start: parseIpv6Address("start", "2001:db8:1::10"), end: parseIpv6Address("end", "2001:db8:1::ffff") }],
    exclusions: [],
    dns: [],
  }
}

function without<Value extends object, Key extends keyof Value>(value: Value, key: Key): Omit<Value, Key> {
  const { [key]: _, ...rest } = value
  return rest
}
