import { describe, expect, it } from "vitest"
import { duidLl } from "../address/duid.ts"
import { parseIpv4Address } from "../address/ipv4.ts"
import { parseIpv6Address } from "../address/ipv6-address.ts"
import { parseMacAddress } from "../address/mac-address.ts"
import type { Nic } from "../network/records.ts"
import type { HostNic } from "../plugin/hypervisor-plugin.ts"
import { explainNic } from "./explain-nic.ts"

const mac = parseMacAddress("mac", "02:00:5e:10:00:01")
const nic: Nic = {
  id: "nic-1",
  networkId: "blue",
  host: "lab",
  vmId: "4dea22b3-1d52-d8f3-2516-782e98ab3fa0",
  mac,
  duid: duidLl(mac),
  ipv6: parseIpv6Address("ipv6", "2001:db8::80"),
  ipv4: parseIpv4Address("ipv4", "192.0.2.80"),
  hostname: "web",
  isDefault: true,
  state: "attached",
}
const port: HostNic = { id: nic.id, vmId: nic.vmId, networkId: "blue", mac, live: true, persistent: true }
const lease = (address: string) => ({ address, client: mac, expiresAt: 1 })
const both = [lease("2001:db8::80"), lease("192.0.2.80")]

/** What is no fault by itself. */
const unsure = /does not run|answers$/

describe("explainNic", () => {
  it("has nothing to say where the guest shows what was assigned, however it is written", () => {
    const observed = ["fe80::1%eth0", "2001:DB8:0::0080/128", "192.0.2.80/24"]
    expect(explainNic(nic, { port, observed, leases: both })).toEqual([])
  })

  it.each([
    ["the host has no such NIC", { port: undefined, observed: undefined, leases: both }],
    ["the VM does not run", { port: { ...port, live: false }, observed: undefined, leases: both }],
    ["no guest agent answers", { port, observed: undefined, leases: both }],
    [
      "no guest agent answers; the guest has not asked for 2001:db8::80",
      { port, observed: undefined, leases: both.slice(1) },
    ],
    ["2001:db8::80 is leased, and the guest does not show it", { port, observed: ["192.0.2.80"], leases: both }],
    [
      "the guest has not asked for 192.0.2.80: it needs a DHCP client",
      { port, observed: ["2001:db8::80"], leases: both.slice(0, 1) },
    ],
    ["the router does not say whether it asked", { port, observed: ["2001:db8::80"], leases: undefined }],
    [
      "2001:db8::5054:ff:fe12:3456 is not this NIC's",
      { port, observed: ["2001:db8::80", "192.0.2.80", "2001:db8::5054:ff:fe12:3456"], leases: both },
    ],
  ])("says that %s", (words, seen) => {
    expect(explainNic(nic, seen)).toEqual([{ isWrong: !unsure.test(words), text: expect.stringContaining(words) }])
  })
})
