import { type HostEvent, type HypervisorHost, newCall } from "@slash64/core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type XenserverGround, startXenserverGround } from "./xenserver-ground.ts"

const call = () => newCall({ timeoutMs: 60_000 })
const networkId = "watched"
const wait = { timeout: 60_000 }

let ground: XenserverGround
let host: HypervisorHost
let vm: { readonly ref: string; readonly id: string }
let logins = 0
let logouts = 0
/** Calls of event.from that came: one comes when the one before has been answered. */
let answered = 0

beforeAll(async () => {
  ground = await startXenserverGround((method) => {
    if (method === "session.login_with_password") logins++
    if (method === "session.logout") logouts++
    if (method === "event.from") answered++
    return undefined
  })
  host = await ground.connect()
  vm = await ground.makeVm("watched")
  await host.ensureNetwork({ id: networkId, attachment: { kind: "isolated" }, mtu: 1500 }, call())
})
afterAll(() => ground.stop())

/** The events of a watch that has seen the pool, as they come. */
async function startWatch(): Promise<{ readonly told: readonly HostEvent[]; stop(): Promise<void> }> {
  const stopping = new AbortController()
  const before = answered
  const told: HostEvent[] = []
  const events = host.watch?.(newCall({ signal: stopping.signal }))
  if (events === undefined) throw new Error("no watch")
  const ended = collect(events, told)
  // Its first answer is the pool as it is: what happens before it is not told.
  await expect.poll(() => answered, { timeout: 20_000 }).toBeGreaterThan(before + 1)
  await settle()
  return {
    told,
    async stop() {
      stopping.abort()
      await ended
    },
  }
}

async function collect(events: AsyncIterable<HostEvent>, told: HostEvent[]): Promise<void> {
  for await (const event of events) told.push(event)
}

/** Some calls later, one that was sent before them has been answered. */
async function settle(): Promise<void> {
  for (let each = 0; each < 20; each++) await host.listNetworks(call())
}

function nicSpec(id: string, mac: string) {
  return { id, vmId: vm.id, networkId, mac, addresses: [], portSecurity: false }
}

describe("a watch of a pool", () => {
  it("is an ability that the host names", async () => {
    expect((await host.describeHost(call())).capabilities.watch).toBe(true)
  })

  it("tells of VMs that start, stop and go, and of a NIC that is unplugged, and not of one that stops with its VM", async () => {
    const nic = nicSpec("n-1", "02:00:5e:00:00:01")
    await host.attachNic(nic, call())
    const { xapi } = ground
    const watch = await startWatch()
    await xapi.call("VM.start", vm.ref, false, false)
    const started: HostEvent = { kind: "vm-started", vmId: vm.id }
    await expect.poll(() => watch.told, wait).toEqual([started])
    await settle()
    const [vif] = await xapi.texts("VM.get_VIFs", vm.ref)
    await xapi.call("VIF.unplug", vif)
    const unplugged: HostEvent = { kind: "nic-unplugged", vmId: vm.id, nicId: nic.id }
    await expect.poll(() => watch.told, wait).toEqual([started, unplugged])
    await xapi.call("VIF.plug", vif)
    await settle()
    await xapi.call("VM.hard_shutdown", vm.ref)
    const stopped: HostEvent = { kind: "vm-stopped", vmId: vm.id }
    await expect.poll(() => watch.told, wait).toEqual([started, unplugged, stopped])
    const brief = await ground.makeVm("brief")
    await settle()
    await xapi.call("VM.destroy", brief.ref)
    await expect
      .poll(() => watch.told, wait)
      .toEqual([started, unplugged, stopped, { kind: "vm-gone", vmId: brief.id }])
    await watch.stop()
  })

  it("logs in again when its session is gone, and tells what happened meanwhile", async () => {
    const watch = await startWatch()
    await ground.restart()
    await ground.xapi.call("VM.start", vm.ref, false, false)
    const started: HostEvent = { kind: "vm-started", vmId: vm.id }
    await expect.poll(() => watch.told, wait).toEqual([started])
    await ground.xapi.call("VM.hard_shutdown", vm.ref)
    await expect.poll(() => watch.told, wait).toEqual([started, { kind: "vm-stopped", vmId: vm.id }])
    await watch.stop()
  })

  it("tells the differences to a database that was put back, whose tokens are older than its own", async () => {
    const old = ground.saveDatabase()
    const brief = await ground.makeVm("lost")
    const watch = await startWatch()
    await ground.restart(old)
    await expect.poll(() => watch.told, wait).toEqual([{ kind: "vm-gone", vmId: brief.id }])
    await watch.stop()
  })

  it("reads all anew when XAPI has lost its events, and says nothing of what it knew", async () => {
    const watch = await startWatch()
    ground.lab.disturb("event.from", { kind: "fail", error: ["EVENTS_LOST", "1", "2"] })
    await ground.xapi.call("VM.start", vm.ref, false, false)
    const started: HostEvent = { kind: "vm-started", vmId: vm.id }
    await expect.poll(() => watch.told, wait).toEqual([started])
    await ground.xapi.call("VM.hard_shutdown", vm.ref)
    await expect.poll(() => watch.told, wait).toEqual([started, { kind: "vm-stopped", vmId: vm.id }])
    await watch.stop()
  })

  it("ends at the abort or with the connection, and leaves no session", async () => {
    const open = logins - logouts
    const one = await startWatch()
    expect(logins - logouts).toBe(open + 1)
    await one.stop()
    expect(logins - logouts).toBe(open)
    const other = await startWatch()
    await host.close()
    await expect.poll(() => logins - logouts, { timeout: 20_000 }).toBe(open - 1)
    await other.stop()
  })
})
