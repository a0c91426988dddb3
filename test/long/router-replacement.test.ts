import { createHash } from "node:crypto"
import { appendFileSync, copyFileSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import {
  Slash64Error,
  attachNic,
  createNetwork,
  duidLl,
  moveRouter,
  newCall,
  nicIdFor,
  openHosts,
  openRooms,
  openSqliteStore,
  parseNicMac,
  plan,
  registerTemplate,
  removeNetwork,
  removeRouter,
  startRouter,
  upgradeRouter,
} from "@slash64/core"
import type { ReplacedRouter, Rooms, RouterControl } from "@slash64/core"
import kvm from "@slash64/kvm"
import { createRouterControl, openKeyStore } from "@slash64/router"
import { Steps, openTemplate } from "@slash64/tool-lab"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { openDhcp6Client } from "../integration/dhcp6-client.ts"
import type { Dhcp6Client } from "../integration/dhcp6-client.ts"
import { openGuestSegment } from "../integration/guest-segment.ts"
import type { GuestSegment } from "../integration/guest-segment.ts"
import { startKvmGround } from "../integration/kvm-ground.ts"
import type { KvmGround } from "../integration/kvm-ground.ts"

const minutes = 60_000
const [mac, otherMac] = ["02:64:00:00:00:71", "02:64:00:00:00:72"]
const identity = { duid: colons(duidLl(parseNicMac("mac", mac))), iaid: 7 }
const stranger = { duid: colons(duidLl(parseNicMac("mac", otherMac))), iaid: 8 }

/** Two hosts on one link, real router VMs, and a guest's DHCPv6 client that renews without a pause. */
describe("a router that is replaced", () => {
  let segment: GuestSegment
  const grounds: KvmGround[] = []
  const clients: Dhcp6Client[] = []
  let rooms: Rooms
  let address = ""
  let server = ""
  /** True: the old router's leases cannot be read. */
  let lost = false
  const closing: (() => Promise<void>)[] = []
  const call = () => newCall({ timeoutMs: 8 * minutes })

  beforeAll(async () => {
    segment = await openGuestSegment("s64x")
    for (const mine of [mac, otherMac])
      clients.push(await openDhcp6Client(await segment.addNamespace(mine, "guest0"), "guest0"))
    for (const _ of [1, 2]) grounds.push(await startKvmGround())
    const dir = grounds[0]?.dir ?? ""
    const store = await openSqliteStore({ file: join(dir, "store.sqlite"), secret: Buffer.alloc(32) })
    const control = createRouterControl({ keys: openKeyStore({ directory: join(dir, "keys") }) })
    const hosts = openHosts(store, [kvm])
    rooms = openRooms({ store, hosts, routers: withLosses(control, () => lost), patience: { bootMs: 5 * minutes } })
    for (const room of [control, hosts, store]) closing.push(() => room.close())
    for (const [index, { config }] of grounds.entries()) {
      const bridge = `s64x${process.pid}c${index}`.slice(-15)
      const record = { ...config, control: { bridge }, emulation: "tcg" }
      await store.putHost({ name: `h${index + 1}`, plugin: "kvm", config: record })
    }
    const template = await openTemplate(new Steps(() => undefined), AbortSignal.timeout(8 * minutes))
    await registerTemplate({ ...template, format: "qcow2" }, rooms, call())
    await createNetwork(
      {
        name: "blue",
        attachment: { kind: "bridge", bridge: segment.bridge },
        ipv6: { prefix: "2001:db8:64::/64", gateway: "2001:db8:64::1" },
      },
      rooms,
      call(),
    )
    const { router } = await startRouter({ network: "blue", host: "h1" }, rooms, call())
    server = colons(router.serverDuid)
    const vmId = grounds[0]?.defineHalted() ?? ""
    const request = { network: "blue", id: nicIdFor("blue", vmId, 0), host: "h1", vmId, mac }
    const attached = await attachNic(request, rooms, call())
    address = attached.nic.ipv6 ?? ""
  }, 15 * minutes)

  afterAll(async () => {
    await removeRouter({ network: "blue", force: true }, rooms, call()).catch(() => undefined)
    await removeNetwork("blue", rooms, call()).catch(() => undefined)
    for (const close of closing) await close()
    for (const client of clients) await client.close()
    for (const ground of grounds) await ground.stop()
    await segment.close()
  }, 3 * minutes)

  function guest(): Dhcp6Client {
    const [client] = clients
    if (client === undefined) throw new Error("no client")
    return client
  }

  /** Renews all the while; tells how long nobody answered at the longest, and every answer that came. */
  async function renewing(replace: () => Promise<ReplacedRouter>) {
    const ending = new AbortController()
    const answers: unknown[] = []
    let [last, gap] = [performance.now(), 0]
    const renew = async (): Promise<void> => {
      const asked = { type: "renew", ...identity, server, addresses: [address] } as const
      const answer = await guest().ask(asked, 200)
      if (answer === undefined) return
      const { status, given, withdrawn } = answer
      answers.push({ status, given, withdrawn })
      gap = Math.max(gap, performance.now() - last)
      last = performance.now()
    }
    const loop = (async () => {
      while (!ending.signal.aborted) await renew()
      const before = answers.length
      await expect.poll(() => renew().then(() => answers.length), { timeout: minutes }).toBeGreaterThan(before)
    })()
    const replaced = await replace().finally(() => ending.abort())
    await loop
    return { replaced, answers, gapMs: Math.round(gap) }
  }

  const renewed = () => ({ status: 0, given: [address], withdrawn: [] })

  it(
    "gives its guest an address",
    async () => {
      const asked = { type: "request", ...identity, server } as const
      await expect
        .poll(() => guest().ask(asked), { timeout: minutes })
        .toMatchObject({ status: 0, given: [address], withdrawn: [] })
    },
    2 * minutes,
  )

  it(
    "by an upgrade keeps identity, address and lease",
    async () => {
      const before = await rooms.store.findRouter("blue")
      const [old] = await rooms.store.listTemplates()
      const file = join(grounds[0]?.dir ?? "", "newer.qcow2")
      copyFileSync(old?.file ?? "", file)
      // Bytes behind the image change its digest alone.
      appendFileSync(file, Buffer.alloc(512))
      const digest = `sha256:${createHash("sha256").update(readFileSync(file)).digest("hex")}`
      await registerTemplate({ digest, version: `${old?.version ?? ""}.1`, file, format: "qcow2" }, rooms, call())
      expect((await plan({}, rooms, call())).outdated).toMatchObject([{ newest: `${old?.version ?? ""}.1` }])

      const run = await renewing(() => upgradeRouter({ network: "blue" }, rooms, call()))

      print("upgrade", run)
      const { vmId, templateVersion, templateDigest, ...same } = run.replaced.router
      expect(before).toMatchObject(same)
      expect({ vmId, templateDigest }).not.toMatchObject({ vmId: before?.vmId })
      expect(templateDigest).toBe(digest)
      expect(templateVersion).toMatch(/\.1$/)
      expect(run.answers.filter((answer) => JSON.stringify(answer) !== JSON.stringify(renewed()))).toEqual([])
      expect(routersOn(0)).toHaveLength(1)
      expect(await plan({}, rooms, call())).toEqual({ steps: [], problems: [], outdated: [] })
    },
    10 * minutes,
  )

  it(
    "by a move keeps them on the other host",
    async () => {
      const run = await renewing(() => moveRouter({ network: "blue", host: "h2" }, rooms, call()))
      print("move", run)
      expect(run.replaced.router.host).toBe("h2")
      expect(run.answers.filter((answer) => JSON.stringify(answer) !== JSON.stringify(renewed()))).toEqual([])
      expect([routersOn(0).length, routersOn(1).length]).toEqual([0, 1])
    },
    10 * minutes,
  )

  it(
    "without its leases gives nobody another's address, and the guest its own",
    async () => {
      lost = true
      const host = (await rooms.store.findRouter("blue"))?.host === "h1" ? "h2" : "h1"
      const run = await renewing(() => moveRouter({ network: "blue", host }, rooms, call()))
      expect(run.replaced.replaced).toBe(true)
      print("move without the leases", run)
      const [, other] = clients
      const asked = { ...stranger, server, addresses: [address] }
      for (const type of ["request", "renew", "rebind", "confirm"] as const)
        expect((await other?.ask({ type, ...asked }, 2000))?.given ?? [], type).toEqual([])
      expect(await guest().ask({ type: "request", ...identity, server, addresses: [address] })).toMatchObject(renewed())
      expect(await guest().ask({ type: "renew", ...identity, server, addresses: [address] })).toMatchObject(renewed())
    },
    10 * minutes,
  )

  function routersOn(index: number): readonly string[] {
    const names = grounds[index]?.virsh("list", "--all", "--name") ?? ""
    return names.split("\n").filter((name) => name.startsWith("slash64-router-"))
  }
})

function print(what: string, { replaced, gapMs }: { readonly replaced: ReplacedRouter; readonly gapMs: number }) {
  process.stdout.write(
    `${what}: ${((replaced.gapMs ?? 0) / 1000).toFixed(1)} s from the stop to the first set of files, ` +
      `${(gapMs / 1000).toFixed(1)} s between two answers to a client that asks all the while\n`,
  )
}

function withLosses(control: RouterControl, isLost: () => boolean): RouterControl {
  return {
    ...control,
    readLeases: (router, call) => {
      if (isLost()) throw new Slash64Error("DATA_LOSS", "the leases are gone")
      return control.readLeases(router, call)
    },
  }
}

function colons(duid: string): string {
  return duid.replaceAll(":", "").replace(/(..)(?=.)/g, "$1:")
}
