import { hash, randomUUID } from "node:crypto"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { memoryPlugin, newMemoryWorld } from "@slash64/conformance"
import { attachNic, createNetwork, nicIdFor, openHosts, openRooms, routerIdFor, startRouter } from "@slash64/core"
import type { RouterControl, Store } from "@slash64/core"
import { startBenchRouter } from "../bench-router.ts"
import type { BenchRouter } from "../bench-router.ts"
import { claimNumbers, openBenchStore } from "../bench-store.ts"
import { mustCount, timed } from "../measure.ts"
import type { Bench, Measure, Sample } from "../measure.ts"
import { openRawRows } from "../raw-rows.ts"

const held = 10_000
const attaches = 10
/** More than all rounds take. */
const vmIds = Array.from({ length: 1000 }, () => randomUUID())

export const attach: Measure = {
  id: "P9",
  alias: "attach",
  title: "a NIC attached, its reservation on a router VM by QEMU without KVM",
  async run(bench) {
    const router = await startBenchRouter(bench, routerIdFor("bench"))
    const store = await openBenchStore(bench.directory)
    const rows = openRawRows(bench.directory, "bare")
    try {
      const road = await openRoad(bench, store, router)
      await bench.compare({
        title: `${held.toLocaleString("en")} held`,
        by: "cost",
        target: 10,
        ours: { name: "attachNic: claimed on disk, served by the router, plugged", run: () => road.attach() },
        peer: {
          name: "INSERT of one row and exec of true on a held connection of ssh2",
          run: () =>
            timed(attaches, async () => {
              for (let count = 0; count < attaches; count++) {
                rows.insert(1)
                await router.raw.exec("true")
              }
            }),
        },
      })
      const served = await router.raw.exec("cd /run/slash64; cat hosts hosts.d/* | wc -l")
      mustCount("reservations that the router serves", Number(served), held + road.attached())
      bench.note("The host is one in memory, which plugs in no time: what is measured is the store and the router.")
    } finally {
      rows.close()
      await store.close()
      await router.close()
    }
  },
}

/** A network whose router is the VM, on a host in memory that has the VMs. */
async function openRoad(bench: Bench, store: Store, router: BenchRouter) {
  const world = newMemoryWorld(vmIds.map((id) => ({ id, name: id, running: true, persistent: true })))
  const hosts = openHosts(store, [memoryPlugin(world)])
  const rooms = openRooms({ store, hosts, routers: reachedAt(router) })
  const template = join(bench.directory, "template")
  await writeFile(template, "")
  const digest = `sha256:${hash("sha256", "")}`
  await store.putHost({ name: "h1", plugin: "memory", config: {} })
  await store.putTemplate({
    digest,
    version: "1",
    file: template,
    format: "qcow2",
    registeredAt: "2026-01-01T00:00:00Z",
  })
  const network = await createNetwork(
    {
      name: "bench",
      attachment: { kind: "isolated" },
      ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1" },
    },
    rooms,
    router.call(),
  )
  bench.progress(`claiming ${held} NICs`)
  await claimNumbers(store, network, { first: 1, last: held, callers: 64 })
  bench.progress("bringing the router up to date")
  await startRouter({ network: "bench", host: "h1" }, rooms, router.call())
  let attached = 0
  return {
    attached: () => attached,
    async attach(): Promise<Sample> {
      const asked = vmIds.slice(attached, attached + attaches)
      attached += attaches
      return timed(attaches, async () => {
        for (const vmId of asked) {
          const id = nicIdFor("bench", vmId, 0)
          await attachNic({ network: "bench", id, host: "h1", vmId }, rooms, router.call())
        }
      })
    },
  }
}

/** The router VM, whatever way the host in memory would lead to it. */
function reachedAt({ control, endpoint }: BenchRouter): RouterControl {
  return {
    identity: (routerId) => control.identity(routerId),
    seed: (request) => control.seed(request),
    push: (_, state, call) => control.push(endpoint, state, call),
    status: (_, call) => control.status(endpoint, call),
    releaseLeases: (_, mac, call) => control.releaseLeases(endpoint, mac, call),
    readLeases: (_, call) => control.readLeases(endpoint, call),
    restoreLeases: (_, leases, call) => control.restoreLeases(endpoint, leases, call),
    close: () => control.close(),
  }
}
