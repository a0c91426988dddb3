import { setTimeout as sleep } from "node:timers/promises"
import { guestConfig, parseNicMac } from "@slash64/core"
import type { GuestClient } from "@slash64/core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startClientGuest, unpackClients } from "../integration/client-guest.ts"
import type { ClientGuest } from "../integration/client-guest.ts"
import { openGuestSegment } from "../integration/guest-segment.ts"
import type { GuestSegment } from "../integration/guest-segment.ts"
import { startNamespaceRouter } from "../integration/namespace-router.ts"
import type { NamespaceRouter } from "../integration/namespace-router.ts"
import { lab, macOf, nicOf } from "../integration/router-states.ts"

/** A dot, because sysctl and some clients read it as something else. */
const device = "eth0.7"
const networkd = "/lib/systemd/systemd-networkd"
/** cloud-init's own module for the files of the user-data. */
const writeFiles = `python3 -c '
import yaml
from cloudinit.config.cc_write_files import write_files
write_files("test", yaml.safe_load(open("/user-data"))["write_files"], "root:root")'`

function convert(renderer: string, mac: string): string {
  const what = `--network-data /network-config --kind yaml --output-kind ${renderer} --distro debian`
  return `cd / && cloud-init devel net-convert ${what} --directory / --mac ${device},${mac}`
}

/** How each client is started in a guest that has its files; `commands`: as the set-up says. */
const clients: Partial<Record<GuestClient, (guest: ClientGuest, commands: readonly string[], mac: string) => unknown>> =
  {
    dhclient: (guest, commands) => guest.shell(commands.join("\n")),
    "dhclient-4.1": (guest, commands) => guest.shell(commands.join("\n")),
    "ubuntu-12.10": (guest, commands) => guest.shell(commands.join("\n")),
    interfaces: async (guest, commands) => {
      await guest.shell("echo 'source /etc/network/interfaces.d/*' >/etc/network/interfaces")
      await guest.shell(commands.join("\n"))
    },
    networkd: (guest) => guest.start(networkd),
    networkmanager: async (guest) => {
      await guest.shell("dbus-daemon --config-file=/etc/bus.conf --fork")
      await guest.start("NetworkManager --no-daemon")
    },
    dhcpcd: (guest, commands) => guest.shell(commands.join("\n")),
    netplan: async (guest) => {
      await guest.shell("/usr/libexec/netplan/generate")
      // A veth, other than a VM's NIC, has no permanent address.
      await guest.shell("sed -i s/^PermanentMACAddress/MACAddress/ /run/systemd/network/*.network")
      await guest.start(networkd)
    },
    "cloud-init-v2": async (guest, _, mac) => {
      await guest.shell(convert("networkd", mac))
      await guest.shell(writeFiles)
      await guest.start(networkd)
    },
    "cloud-init-v1": async (guest, _, mac) => {
      await guest.shell(convert("eni", mac))
      await guest.shell(writeFiles)
      await guest.shell("echo 'source /etc/network/interfaces.d/*' >/etc/network/interfaces")
      await guest.shell(`sysctl -q -p /etc/sysctl.d/*.conf; ifup ${device}`)
    },
  }

const cases = Object.entries(clients).flatMap(([client, begin], index) => [
  { client, begin, isDefault: true, nic: "the default NIC", number: 16 + 2 * index },
  { client, begin, isDefault: false, nic: "another NIC", number: 17 + 2 * index },
])

/** The generated files in Debian's own clients, each in a guest of its own, against the dnsmasq of a router. */
describe("a guest's set-up", () => {
  const state = { ...lab, reservations: cases.map(({ number, isDefault }) => nicOf(lab, number, isDefault)) }
  const guests = new Map<number, ClientGuest>()
  let segment: GuestSegment
  let router: NamespaceRouter

  beforeAll(async () => {
    const tree = await unpackClients()
    segment = await openGuestSegment("s64g")
    router = await startNamespaceRouter(segment, state)
    for (const { number } of cases) guests.set(number, await startClientGuest(segment, tree, macOf(number), device))
  })
  afterAll(async () => {
    for (const guest of guests.values()) await guest.close()
    await router?.stop()
    await segment?.close()
  })

  it.concurrent.each(cases)("$client, $nic", { timeout: 240_000 }, async ({ client, isDefault, begin, number }) => {
    const guest = guests.get(number)
    if (guest === undefined) throw new Error("no guest")
    const mac = parseNicMac("mac", macOf(number))
    const network = {
      id: state.networkId,
      ...(state.ipv6 && { ipv6: state.ipv6 }),
      ...(state.ipv4 && { ipv4: state.ipv4 }),
    }
    const { files, commands } = guestConfig({ client, nic: { id: `nic-${number}`, mac, isDefault }, network, device })
    await guest.write(files)
    await begin(guest, commands, mac)

    const prefix = state.ipv6?.prefix ?? ""
    const view = await settled(guest, (seen) => seen.addresses.length === 2 && seen.onLink.includes(prefix))
    const { ipv4, ipv6 } = nicOf(state, number)
    const ours = new Set<string | undefined>([state.ipv4?.router, state.ipv6?.router])
    expect({
      addresses: new Set(view.addresses),
      gateways: new Set(view.gateways),
      onLink: view.onLink.includes(prefix),
      asksTheRouter: view.dns.some((server) => ours.has(server)),
      otherServers: view.dns.filter((server) => !ours.has(server)),
    }).toEqual({
      addresses: new Set([ipv4, ipv6]),
      gateways: new Set(isDefault ? [state.ipv4?.gateway, "fe80::64:ff:fe00:1"] : []),
      onLink: true,
      asksTheRouter: isDefault,
      otherServers: [],
    })
  })
})

/** What the guest has when it is as expected, and has stayed so; else as it is at the end of our patience. */
async function settled(guest: ClientGuest, expected: (view: Awaited<ReturnType<ClientGuest["look"]>>) => boolean) {
  const end = Date.now() + 90_000
  while (!expected(await guest.look(device)) && Date.now() < end) await sleep(500)
  // A default route or a server may come behind the address.
  await sleep(2000)
  return guest.look(device)
}
