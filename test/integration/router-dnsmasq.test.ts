import { spawn } from "node:child_process"
import { once } from "node:events"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { duidLl, parseNicMac, type RouterState } from "@slash64/core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { openGuestSegment, type GuestSegment } from "./guest-segment.ts"
import { startDnsmasq, startNamespaceRouter, type NamespaceRouter } from "./namespace-router.ts"
import { lab, macOf, nicOf, sideOf } from "./router-states.ts"

/** The rendered files, used by the real programs in a network namespace: what guests are told. */
describe("a router of a lab", () => {
  const state = { ...lab, reservations: [nicOf(lab, 16), nicOf(lab, 17, false), nicOf(lab, 19)] }
  let segment: GuestSegment
  let router: NamespaceRouter
  let guests: readonly string[] = []
  const [first, second, fourth] = state.reservations.map(({ ipv6 }) => ipv6 ?? "")

  beforeAll(async () => {
    segment = await openGuestSegment("s64d")
    router = await startNamespaceRouter(segment, state)
    guests = await addGuests(segment, [16, 17, 18, 19])
  })
  afterAll(async () => {
    await router.stop()
    await segment.close()
  })

  it("gives a guest its reserved addresses, DNS, domain and name, from the server of the fixed DUID", async () => {
    const six = await segment.askDhcp(guests[0] ?? "", { family: 6 })
    expect(six.addresses).toEqual([first])
    expect(six.text).toContain(`option dhcp6.name-servers ${state.ipv6?.router};`)
    expect(six.text).toContain('option dhcp6.domain-search "lab.example."')
    expect(six.text).toContain('option fqdn.fqdn "vm-16.lab.example"')
    expect(six.text).toContain("option dhcp6.server-id 0:3:0:1:2:64:0:0:0:1;")
    const four = await segment.askDhcp(guests[0] ?? "", { family: 4 })
    expect(four.addresses).toEqual(["10.64.1.16"])
    expect(four.text).toContain("option routers 10.64.1.1;")
    expect(four.text).toContain("option domain-name-servers 10.64.1.1;")
    expect(four.text).toContain("option interface-mtu 1500;")
  })

  it("tells a NIC that is not its VM's default of no DNS and no gateway", async () => {
    const six = await segment.askDhcp(guests[1] ?? "", { family: 6 })
    expect(six.addresses).toEqual([second])
    expect(six.text).not.toMatch(/name-servers|domain-search/)
    const four = await segment.askDhcp(guests[1] ?? "", { family: 4 })
    expect(four.addresses).toEqual(["10.64.1.17"])
    expect(four.text).not.toMatch(/routers|domain-name-servers|domain-search/)
  })

  it("gives a MAC that it does not know nothing, not even with a neighbour's DUID", async () => {
    const asked = [{ family: 6 }, { family: 4 }, { family: 6, duid: duidOf(16) }] as const
    for (const request of asked) {
      expect((await segment.askDhcp(guests[2] ?? "", { ...request, seconds: 3 })).addresses).toEqual([])
    }
  })

  it("gives a guest that sends a neighbour's DUID its own address", async () => {
    expect((await segment.askDhcp(guests[3] ?? "", { family: 6, duid: duidOf(16) })).addresses).toEqual([fourth])
  })

  it("keeps clones apart that send one IPv4 client identifier", async () => {
    for (const [guest, address] of [
      [guests[0], "10.64.1.16"],
      [guests[1], "10.64.1.17"],
    ] as const)
      expect((await segment.askDhcp(guest ?? "", { family: 4, clientId: "clone" })).addresses).toEqual([address])
    await expect.poll(() => leasedBy(router)).toEqual(expect.arrayContaining(["10.64.1.16", "10.64.1.17"]))
  })

  it("answers a ping and names, and nothing that it does not serve", async () => {
    const address = state.ipv6?.router ?? ""
    await segment.run(guests[0] ?? "", "ip", "address", "replace", `${first}/64`, "dev", "guest0", "nodad")
    expect(await segment.run(guests[0] ?? "", "ping", "-6", "-c1", "-W2", address)).toContain("1 received")
    expect(await connects(segment, guests[0] ?? "", address, 53)).toBe(true)
    const other = spawn("ip", ["netns", "exec", router.namespace, process.execPath, "-e", listenOn(2222)])
    await once(other.stdout, "data")
    expect(await connects(segment, router.namespace, "::1", 2222)).toBe(true)
    expect(await connects(segment, guests[0] ?? "", address, 2222)).toBe(false)
    other.kill()
  })

  it("advertises itself as a router with M and O, and no autonomous prefix", async () => {
    const capture = { device: "guest", filter: "icmp6[0] = 134", packets: 1, seconds: 20 }
    const advertisement = await segment.capture(router.namespace, capture, () => relink(segment, guests[2] ?? ""))
    expect(advertisement).toMatch(/Flags \[managed, other stateful\], pref low, router lifetime 1800s/)
    expect(advertisement).toMatch(/\/64, Flags \[onlink\]/)
    expect(advertisement).toMatch(/mtu option.*1500/)
  })
})

describe("a router on a unique local prefix beside a rack router", () => {
  const bare: RouterState = { ...lab, ipv6: sideOf("fd00:64:0:1::", "external") }
  const state = { ...bare, reservations: [nicOf(bare, 16), nicOf(bare, 17, false)] }
  let segment: GuestSegment
  let router: NamespaceRouter
  let guests: readonly string[] = []

  beforeAll(async () => {
    segment = await openGuestSegment("s64u")
    router = await startNamespaceRouter(segment, state)
    guests = await addGuests(segment, [16, 17])
  })
  afterAll(async () => {
    await router.stop()
    await segment.close()
  })

  it("names itself as the DNS server to a default NIC, and no server to another", async () => {
    const [one, other] = [
      await segment.askDhcp(guests[0] ?? "", { family: 6 }),
      await segment.askDhcp(guests[1] ?? "", { family: 6 }),
    ]
    expect(one.text).toContain("option dhcp6.name-servers fd00:64:0:1::1;")
    expect(other.addresses).toEqual(["fd00:64:0:1::11"])
    expect(other.text).not.toContain("fd00:64:0:1::1;")
  })

  it("never advertises, not even when it is solicited or when a program on it tries", async () => {
    const advertiser = join(router.directory, "advertiser.conf")
    const range = "dhcp-range=fd00:64:0:1::,ra-only"
    await writeFile(advertiser, `port=0\ninterface=guest\nuser=root\nenable-ra\n${range}\nlog-facility=-\n`)
    const other = await startDnsmasq(router.namespace, advertiser, "router advertisement on")
    const capture = { device: "guest0", filter: "icmp6[0] = 133 or icmp6[0] = 134", seconds: 4 }
    const seen = await segment.capture(guests[1] ?? "", capture, () => relink(segment, guests[0] ?? ""))
    expect(seen).toContain("router solicitation")
    expect(seen).not.toContain("router advertisement")
    other.kill()
  })
})

async function leasedBy(router: NamespaceRouter): Promise<readonly (string | undefined)[]> {
  return (await router.readLeases()).map((line) => line.split(" ")[2])
}

async function addGuests(segment: GuestSegment, numbers: readonly number[]): Promise<readonly string[]> {
  const guests = []
  for (const number of numbers) guests.push(await segment.addNamespace(macOf(number), "guest0"))
  return guests
}

/** A link that comes up makes its guest solicit routers. */
async function relink(segment: GuestSegment, guest: string): Promise<void> {
  await segment.run(guest, "ip", "link", "set", "guest0", "down")
  await segment.run(guest, "ip", "link", "set", "guest0", "up")
}

/** Whether a TCP connection comes about; one that is dropped on the way does not. */
async function connects(segment: GuestSegment, namespace: string, address: string, port: number): Promise<boolean> {
  const attempt = segment.run(namespace, "timeout", "2", "bash", "-c", `: </dev/tcp/${address}/${port}`)
  return attempt.then(
    () => true,
    () => false,
  )
}

function listenOn(port: number): string {
  return `require("net").createServer().listen(${port}, "::", () => console.log("listening"))`
}

function duidOf(number: number): string {
  return duidLl(parseNicMac("mac", macOf(number)))
}
