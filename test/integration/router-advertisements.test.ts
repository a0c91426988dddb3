import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { RouterState } from "@slash64/core"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { z } from "zod"
import { openGuestSegment, type GuestSegment } from "./guest-segment.ts"
import { startDnsmasq, startNamespaceRouter, type NamespaceRouter } from "./namespace-router.ts"
import { lab, macOf, nicOf, sideOf } from "./router-states.ts"

const routerFiles = join(import.meta.dirname, "../../tools/systemvm/files")
const program = join(routerFiles, "slash64-router")
const { ipv4: _, ...ipv6Alone } = lab
const ofRouter: RouterState = { ...ipv6Alone, ipv6: sideOf("2001:db8:64:1::", "router") }
const ofRack: RouterState = { ...ipv6Alone, ipv6: sideOf("2001:db8:64:1::", "external") }
const [ours, other] = [nicOf(ofRouter, 16), nicOf(ofRouter, 17, false)]

/** Who advertises what on a link: captured there, and as the router says that it has heard it. */
describe("Router Advertisements", () => {
  let segment: GuestSegment
  let router: NamespaceRouter | undefined
  let work = ""
  const advertisers: { kill(): unknown }[] = []

  beforeEach(async () => {
    segment = await openGuestSegment("s64a")
    work = await mkdtemp(join(tmpdir(), "slash64-ra-"))
  })
  afterEach(async () => {
    for (const one of advertisers.splice(0)) one.kill()
    await router?.stop()
    router = undefined
    await segment.close()
    await rm(work, { recursive: true, force: true })
  })

  it.each([
    [
      "has a lifetime where all NICs are their VMs' default",
      { reservations: [ours] },
      "pref medium, router lifetime 1800s",
    ],
    ["is of low preference where some are not", { reservations: [ours, other] }, "pref low, router lifetime 1800s"],
    ["gives no default route where none is", { reservations: [other] }, "router lifetime 0s"],
    ["ends when the router is to be removed", { reservations: [ours], withdrawn: true as const }, "router lifetime 0s"],
  ])("that of a router %s", async (_name, change, words) => {
    router = await startNamespaceRouter(segment, { ...ofRouter, ...change })
    const guest = await segment.addNamespace(macOf(20), "guest0")
    const seen = await segment.capture(
      guest,
      { device: "guest0", filter: "icmp6[0] = 134", packets: 1, seconds: 30 },
      () => solicit(guest),
    )
    expect(seen).toContain("Flags [managed, other stateful]")
    expect(seen).toContain(words)
    // Neither flag "auto", A, nor a lifetime that ends before the next lease.
    expect(seen).toMatch(/2001:db8:64:1::\/64, Flags \[onlink\], valid time 3600s, pref\. time 3600s/)
  })

  it("are never the router's own beside a rack router, also after its restart", async () => {
    router = await startNamespaceRouter(segment, { ...ofRack, reservations: [ours, other] })
    await startRack("managed", 30)
    const guest = await segment.addNamespace(macOf(20), "guest0")
    const capture = { device: "guest0", filter: "icmp6[0] = 134", seconds: 9 }
    const seen = await segment.capture(guest, capture, async () => {
      await router?.restart()
      await solicit(guest)
    })
    const senders = new Set(
      Array.from(seen.matchAll(/(fe80::\S+) > \S+ \[icmp6 sum ok\].*router adv/g), ([, from]) => from),
    )
    expect(senders).toEqual(new Set([linkLocalOf(30)]))
  })

  it("that the router itself sends to all nodes are not another's", async () => {
    const guest = await segment.addNamespace(macOf(20), "guest0")
    const filter = "icmp6[0] = 134 and ip6 dst host ff02::1"
    const seen = await segment.capture(guest, { device: "guest0", filter, packets: 1, seconds: 30 }, async () => {
      router = await startNamespaceRouter(segment, { ...ofRouter, reservations: [ours] })
    })
    expect(seen).toContain("Flags [managed, other stateful]")
    expect(await advertisersOf(router)).toEqual([])
  })

  it("of other routers are in the router's status, with what is wrong with them", async () => {
    router = await startNamespaceRouter(segment, { ...ofRack, reservations: [ours] })
    expect(await advertisersOf(router)).toEqual([])
    await startRack("managed", 30)
    const right = { address: linkLocalOf(30), managed: true, autonomous: false }
    await until(async () => (await advertisersOf(router)).length === 1)
    expect(await advertisersOf(router)).toEqual([right])
    await startRack("autonomous", 31)
    await until(async () => (await advertisersOf(router)).length === 2)
    expect(await advertisersOf(router)).toEqual([right, { address: linkLocalOf(31), managed: false, autonomous: true }])
  })

  /** A second router on the link. By dnsmasq: `static` has M=1 and A=0, `ra-only` M=0 and A=1. */
  async function startRack(kind: "managed" | "autonomous", number: number): Promise<void> {
    const namespace = await segment.addNamespace(macOf(number), "rack")
    const address = `2001:db8:64:1::${number}`
    await segment.run(namespace, "ip", "address", "add", `${address}/64`, "dev", "rack", "nodad")
    const mode = kind === "managed" ? "static,64,3600" : "ra-only"
    const conf = join(work, `${number}.conf`)
    const leases = `dhcp-leasefile=${join(work, `${number}.leases`)}`
    const lines = [
      "port=0",
      "interface=rack",
      "user=root",
      "enable-ra",
      "log-facility=-",
      "ra-param=rack,4,1800",
      leases,
    ]
    await writeFile(conf, `${[...lines, `dhcp-range=2001:db8:64:1::,${mode}`].join("\n")}\n`)
    advertisers.push(await startDnsmasq(namespace, conf, "router advertisement on"))
  }

  async function solicit(guest: string): Promise<void> {
    await segment.run(guest, "ip", "link", "set", "guest0", "down")
    await segment.run(guest, "ip", "link", "set", "guest0", "up")
  }

  /** By the router's own program, in the router's namespace. */
  async function advertisersOf(asked: NamespaceRouter | undefined): Promise<readonly unknown[]> {
    for (const folder of ["state", "run", "etc"]) await mkdir(join(work, folder), { recursive: true })
    await writeFile(join(work, "run/ready"), "")
    await writeFile(join(work, "run/boot-ms"), "1\n")
    await writeFile(join(work, "etc/version"), "test\n")
    await writeFile(join(work, "etc/seed.conf"), "router_id=router-1\n")
    const places = ["state", "run", "etc"].map((folder) => `SLASH64_${folder.toUpperCase()}=${join(work, folder)}`)
    places.push(`SLASH64_LIB=${join(routerFiles, "router")}`)
    const answer = await segment.run(asked?.namespace ?? "", "env", ...places, "dash", program, "status")
    return z.object({ advertisers: z.array(z.unknown()) }).parse(JSON.parse(answer)).advertisers
  }
})

async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 40_000
  while (!(await condition()) && Date.now() < end) await sleep(300)
}

function linkLocalOf(number: number): string {
  return `fe80::64:ff:fe00:1${number.toString(16)}`
}
