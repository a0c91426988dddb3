import { describe, expect, it } from "vitest"
import { parseIpv4Address, parseIpv4Prefix } from "../address/ipv4.ts"
import { parseIpv6Address } from "../address/ipv6-address.ts"
import { parseMacAddress } from "../address/mac-address.ts"
import { parsePrefix64 } from "../address/prefix64.ts"
import type { Ipv4Side, Ipv6Side } from "../network/records.ts"
import { guestClients, guestConfig } from "./guest-config.ts"
import type { GuestConfigRequest } from "./guest-config.ts"
import { guestConfigText } from "./guest-config-text.ts"

const router = parseIpv6Address("router", "2001:db8:1::1")
const ipv6: Ipv6Side = {
  prefix: parsePrefix64("prefix", "2001:db8:1::/64"),
  gateway: router,
  ra: "router",
  router,
  ranges: [],
  exclusions: [],
  dns: [],
}
const gateway = parseIpv4Address("gateway", "192.0.2.1")
const ipv4: Ipv4Side = {
  prefix: parseIpv4Prefix("prefix", "192.0.2.0/24"),
  gateway,
  router: gateway,
  ranges: [],
  exclusions: [],
  dns: [],
}
const networks = {
  "dual-stack": { id: "blue", ipv6, ipv4 },
  "IPv6 alone": { id: "blue", ipv6 },
  "IPv4 alone": { id: "blue", ipv4 },
}
const mac = parseMacAddress("mac", "02:00:5e:10:00:1a")

function request(over: Partial<GuestConfigRequest> = {}): GuestConfigRequest {
  const nic = { id: "nic-1", mac, isDefault: true }
  return { client: "networkd", nic, network: networks["dual-stack"], device: "eth0", ...over }
}

describe("guestConfig", () => {
  /** Those that no test can try, by their sources: see the doc comments beside the code. */
  it.each(guestClients.map(({ client }) => client))("%s", async (client) => {
    const shown = Object.entries(networks).flatMap(([name, network]) =>
      [true, false]
        .filter((isDefault) => isDefault || client !== "windows-registry")
        .map((isDefault) => {
          const config = guestConfig(request({ client, network, nic: { id: "nic-1", mac, isDefault } }))
          return `##### ${name}, ${isDefault ? "the default NIC" : "another NIC"}\n\n${guestConfigText(config)}\n`
        }),
    )
    await expect(shown.join("\n")).toMatchFileSnapshot(`golden/${client}.txt`)
  })

  it("has a device whose name holds a dot", () => {
    const other = { id: "nic-1", mac, isDefault: false }
    for (const client of ["dhclient", "interfaces"])
      expect(guestConfigText(guestConfig(request({ client, nic: other, device: "eth0.100" })))).toMatch(
        /net\/ipv6\/conf\/eth0\.100\/accept_ra_defrtr ?= ?0/,
      )
    expect(guestConfigText(guestConfig(request({ client: "ifcfg", nic: other, device: "eth0.100" })))).toContain(
      "net.ipv6.conf.eth0/100.accept_ra_defrtr = 0",
    )
  })

  it("quotes in YAML what a reader would take for another type", () => {
    for (const client of ["netplan", "cloud-init-v2", "cloud-init-v1"])
      for (const device of ["1e3", "on", "null"])
        expect(guestConfigText(guestConfig(request({ client, device })))).toMatch(new RegExp(`"${device}"`))
  })

  it.each(["all", "default", "lo", "-D", "", ".", "eth0;reboot", "eth0\nDNS=::1", "e".repeat(16), "eth 0", 'e"0'])(
    "refuses the device %j",
    (device) => {
      expect(() => guestConfig(request({ device }))).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT", field: "device" }),
      )
    },
  )

  it.each([
    ["client", { client: "toString" }],
    ["client", { client: "windows-registry", nic: { id: "nic-1", mac, isDefault: false } }],
    ["nic.id", { nic: { id: "nic\n1", mac, isDefault: true } }],
    ["nic.mac", { nic: { id: "nic-1", mac: Object("02:00:00:00:00:00\n"), isDefault: true } }],
    ["network.id", { network: { id: "blue]\n[Link]" } }],
  ])("refuses a wrong %s", (field, over) => {
    expect(() => guestConfig(request(over))).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field }))
  })
})
