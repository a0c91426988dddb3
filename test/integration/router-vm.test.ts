import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import {
  duidLl,
  isSlash64Error,
  parseIpv6Address,
  parseNicMac,
  type Call,
  type RouterControl,
  type RouterEndpoint,
  type RouterState,
} from "@slash64/core"
import { createRouterControl, openKeyStore, type KeyStore } from "@slash64/router"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { watchWire } from "../guest-vms/watch-wire.ts"
import { openGuestSegment, type GuestSegment } from "./guest-segment.ts"
import { lab, macOf, nicOf, sideOf } from "./router-states.ts"
import { runOnRouter, startRouterVm, type RouterVm } from "./router-vm.ts"

/** The real template, booted once; the tests follow one another on it. */
describe("a router VM", () => {
  let directory = ""
  let segment: GuestSegment
  let vm: RouterVm
  let keys: KeyStore
  let control: RouterControl
  let guests: readonly string[] = []
  let revision = 0

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "slash64-router-vm-"))
    segment = await openGuestSegment("s64v")
    keys = openKeyStore({ directory: join(directory, "keys") })
    control = createRouterControl({ keys })
    vm = await startRouterVm({ directory, tap: await segment.addTap(), state: lab, control })
    const made = []
    for (const number of [16, 17, 18]) made.push(await segment.addNamespace(macOf(number), "guest0"))
    guests = made
  })
  afterAll(async () => {
    await control.close()
    await vm.powerOff()
    await segment.close()
    await rm(directory, { recursive: true, force: true })
  })

  const push = (state: Partial<RouterState>) =>
    control.push(vm.endpoint, { ...lab, revision: ++revision, ...state }, call())
  const status = () => control.status(vm.endpoint, call())

  it("says who it is before it has any files", async () => {
    expect(await status()).toMatchObject({
      routerId: "router-1",
      revision: 0,
      generation: 0,
      services: { sshd: "running" },
      drifted: [],
    })
  })

  it("takes the first files into use and reads them back", async () => {
    const pushed = await push({ reservations: [nicOf(lab, 16), nicOf(lab, 17)] })
    expect(pushed).toMatchObject({ revision: 1, changedFiles: 5 })
    expect(await status()).toMatchObject({
      revision: 1,
      generation: pushed.generation,
      services: { sshd: "running", dnsmasq: "running" },
      drifted: [],
    })
  })

  it("gives a guest exactly its reserved addresses, and answers its ping", async () => {
    expect((await segment.askDhcp(guests[0] ?? "", { family: 6 })).addresses).toEqual(["2001:db8:64:1::10"])
    expect((await segment.askDhcp(guests[0] ?? "", { family: 4 })).addresses).toEqual(["10.64.1.16"])
    const clients = (await status()).leases.map(({ address, client }) => [address, client])
    expect(clients).toContainEqual(["2001:db8:64:1::10", `00:03:00:01:${macOf(16)}`])
    expect(clients).toContainEqual(["10.64.1.16", macOf(16)])
    const own = ["ip", "address", "replace", "2001:db8:64:1::10/64", "dev", "guest0", "nodad"]
    await segment.run(guests[0] ?? "", ...own)
    expect(await segment.run(guests[0] ?? "", "ping", "-6", "-c1", "-W5", "2001:db8:64:1::1")).toContain("1 received")
  })

  it("gives a guest that sends a neighbour's DUID its own address, and a MAC it does not know nothing", async () => {
    const duid = duidLl(parseNicMac("mac", macOf(16)))
    expect((await segment.askDhcp(guests[1] ?? "", { family: 6, duid })).addresses).toEqual(["2001:db8:64:1::11"])
    // As after a reinstallation: the lease is still the other DUID's.
    expect((await segment.askDhcp(guests[1] ?? "", { family: 6 })).addresses).toEqual(["2001:db8:64:1::11"])
    expect((await segment.askDhcp(guests[2] ?? "", { family: 6, seconds: 3 })).addresses).toEqual([])
  })

  it("serves a NIC that was added a moment ago, for one line sent", async () => {
    const reservations = [nicOf(lab, 16), nicOf(lab, 17), nicOf(lab, 18)]
    const pushed = await push({ reservations })
    expect(pushed.changedFiles).toBe(1)
    expect(pushed.sentBytes).toBeLessThanOrEqual(512)
    expect((await segment.askDhcp(guests[2] ?? "", { family: 6 })).addresses).toEqual(["2001:db8:64:1::12"])
  })

  it("releases the leases of one MAC, whatever DUID holds them, and again", async () => {
    const mac = parseNicMac("mac", macOf(17))
    await control.releaseLeases(vm.endpoint, mac, call())
    await control.releaseLeases(vm.endpoint, mac, call())
    const addresses = (await status()).leases.map(({ address }) => address)
    expect(addresses).not.toContain("2001:db8:64:1::11")
    expect(addresses).toContain("2001:db8:64:1::10")
    expect((await segment.askDhcp(guests[1] ?? "", { family: 6 })).addresses).toEqual(["2001:db8:64:1::11"])
  })

  it("refuses files that its daemons cannot use, says their words, and goes on with the last good ones", async () => {
    const reservations = [nicOf(lab, 16), nicOf(lab, 17), nicOf(lab, 18)]
    const before = await status()
    // Well-formed, and no NIC can have it: the new generation is in use when the kernel says no.
    const multicast = { ...sideOf("2001:db8:64:1::", "router"), router: parseIpv6Address("router", "ff02::1") }
    const error = await errorOf(push({ reservations, ipv6: multicast }))
    expect(error).toMatchObject({ code: "FAILED_PRECONDITION", native: { code: "REFUSED" } })
    expect(JSON.stringify(error.native)).toContain("network.batch")
    expect(await status()).toMatchObject({
      revision: before.revision,
      generation: before.generation,
      services: { dnsmasq: "running" },
      drifted: [],
    })
    expect((await segment.askDhcp(guests[1] ?? "", { family: 6 })).addresses).toEqual(["2001:db8:64:1::11"])
  })

  it("says that its disk is full, goes on serving, and takes the same push once there is room", async () => {
    const key = await keys.managementKey()
    const reservations = [nicOf(lab, 16), nicOf(lab, 17), nicOf(lab, 18), nicOf(lab, 19)]
    await runOnRouter(vm, key, fillDisk)
    expect(await errorOf(push({ reservations, mtu: 1400 }))).toMatchObject({ code: "RESOURCE_EXHAUSTED" })
    expect((await segment.askDhcp(guests[0] ?? "", { family: 6 })).addresses).toEqual(["2001:db8:64:1::10"])
    await runOnRouter(vm, key, "rm /var/lib/slash64/ballast")
    expect(await push({ reservations })).toMatchObject({ revision })
  })

  it("is healed by the next push when somebody changed a file on it", async () => {
    await runOnRouter(vm, await keys.managementKey(), `sed -i s/1::10/1::bad/ /var/lib/slash64/current/reservations`)
    expect((await status()).drifted).toEqual(["reservations"])
    await push({ reservations: [nicOf(lab, 16), nicOf(lab, 17), nicOf(lab, 18)] })
    expect((await status()).drifted).toEqual([])
    expect((await segment.askDhcp(guests[0] ?? "", { family: 6 })).addresses).toEqual(["2001:db8:64:1::10"])
  })

  it("loses no update of 20 pushers at once", { timeout: 180_000 }, async () => {
    const store = { revision, numbers: [] as number[] }
    const converge = async (one: RouterControl): Promise<void> => {
      const reservations = store.numbers.map((number) => nicOf(lab, number))
      const outcome = await one
        .push(vm.endpoint, { ...lab, revision: store.revision, reservations }, call())
        .catch(asError)
      if (!("code" in outcome)) return
      if (outcome.code !== "ABORTED") throw outcome
      return converge(one)
    }
    // Five drivers of four roads each: every road has a revision of its own, and no driver knows of another.
    const controls = Array.from({ length: 5 }, () => createRouterControl({ keys }))
    const roads = [...controls, ...controls, ...controls, ...controls]
    await Promise.all(
      roads.map((one, index) => {
        store.revision += 1
        store.numbers = [...store.numbers, 16 + index]
        return converge(one)
      }),
    )
    revision = store.revision
    expect(await status()).toMatchObject({ revision, drifted: [] })
    const hosts = await runOnRouter(vm, await keys.managementKey(), "cd /run/slash64; cat hosts hosts.d/* | wc -l")
    expect(hosts.trim()).toBe("20")
    await Promise.all(controls.map((one) => one.close()))
  })

  it.each([
    ["IPv6 beside IPv4", 4, 6],
    ["IPv4 beside IPv6", 6, 4],
  ] as const)("takes %s into use without a reboot, and keeps the lease that is there", async (_name, had, added) => {
    const [address4, address6] = ["10.64.1.16", "2001:db8:64:1::10"]
    const [guest = ""] = guests
    const boot = async () => runOnRouter(vm, await keys.managementKey(), "cat /proc/sys/kernel/random/boot_id")
    const ask = async (family: 4 | 6) => (await segment.askDhcp(guest, { family })).addresses
    const booted = await boot()
    const state = { ...lab, revision: ++revision, reservations: [alone(nicOf(lab, 16), had)] }
    await control.push(vm.endpoint, alone(state, had), call())
    expect(await ask(had)).toEqual([had === 4 ? address4 : address6])
    expect(await ask(added)).toEqual([])
    const { leases } = await status()
    await push({ reservations: [nicOf(lab, 16)] })
    expect((await status()).leases).toEqual(leases)
    expect(leases.map(({ address }) => address)).toEqual([had === 4 ? address4 : address6])
    expect(await ask(added)).toEqual([added === 4 ? address4 : address6])
    expect(await boot()).toBe(booted)
  })

  it("refuses a revision that is older than its own", async () => {
    const error = await errorOf(push({ revision: 1 }))
    expect(error).toMatchObject({ code: "ABORTED", native: { code: "STALE" } })
  })

  it("serves the same guest again after a power cut, with nobody pushing, and advertises nothing beside a rack router", async () => {
    const reservations = Array.from({ length: 20 }, (_, index) => nicOf(lab, 16 + index))
    await push({ reservations, ipv6: sideOf("2001:db8:64:1::", "external") })
    const before = await status()
    const [guest = "", other = ""] = guests
    const enter = ["ip", "netns", "exec", other]
    const wire = await watchWire(enter, "guest0", "icmp6[0] = 133 or icmp6[0] = 134")
    await vm.powerOff()
    await vm.powerOn()
    // A link that comes up makes its guest solicit routers.
    for (const state of ["down", "up"]) await segment.run(guest, "ip", "link", "set", "guest0", state)
    expect((await segment.askDhcp(guest, { family: 6, seconds: 20 })).addresses).toEqual(["2001:db8:64:1::10"])
    const after = await status()
    expect(after).toMatchObject({ revision: before.revision, generation: before.generation, drifted: [] })
    expect(after.leases.map(({ address }) => address)).toEqual(
      expect.arrayContaining(before.leases.map(({ address }) => address)),
    )
    await expect.poll(() => wire.lines().join("\n"), { timeout: 20_000 }).toContain("router solicitation")
    // dnsmasq answers within half a second, and unasked when it starts.
    await sleep(3000)
    await wire.end()
    expect(wire.lines().join("\n")).not.toContain("router advertisement")
  })

  it("is not spoken to under another host key", async () => {
    const { hostKey } = await control.identity("router-2")
    const impostor: RouterEndpoint = { ...vm.endpoint, hostKey }
    expect(await errorOf(control.status(impostor, call()))).toMatchObject({ code: "PERMISSION_DENIED" })
  })
})

/** A state, or a reservation of one, with this family and no other. */
function alone<Of extends object>(both: Of, family: 4 | 6): Of {
  const one = { ...both }
  Reflect.deleteProperty(one, family === 4 ? "ipv6" : "ipv4")
  return one
}

/** Most of it without writing: half a gigabyte takes a router without hardware virtualization 20 s. */
const fillDisk = [
  "cd /var/lib/slash64",
  "free=$(df -k . | awk 'END { print $4 }')",
  'busybox fallocate -l "$((free * 1024 - 4194304))" ballast',
  "cat /dev/zero >>ballast",
].join("; ")

function call(): Call {
  return { requestId: "test", signal: AbortSignal.timeout(170_000), report: () => undefined }
}

async function errorOf(promise: Promise<unknown>) {
  return promise.then(() => expect.fail("it succeeded"), asError)
}

function asError(error: unknown) {
  if (isSlash64Error(error)) return error
  throw error
}
