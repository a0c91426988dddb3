import { setTimeout as delay } from "node:timers/promises"
import { memoryPlugin } from "@slash64/conformance"
import { attachNic, newCall, openHosts, openRooms, plan } from "@slash64/core"
import type { RoadLog, Rooms } from "@slash64/core"
import kvm from "@slash64/kvm"
import { keepTrue } from "@slash64/serve"
import { startLibvirtd } from "@slash64/tool-lab"
import type { Libvirtd } from "@slash64/tool-lab"
import { afterAll, beforeAll, expect, it } from "vitest"
import { everyRoad } from "../unit/roads/every-road.ts"
import { RoadBench } from "../unit/roads/road-bench.ts"
import { startKvmGround } from "./kvm-ground.ts"
import type { KvmGround } from "./kvm-ground.ts"

let ground: KvmGround
let bench: RoadBench
let again: Libvirtd | undefined

beforeAll(async () => {
  ground = await startKvmGround()
  bench = await RoadBench.open()
})
afterAll(async () => {
  await again?.stop()
  await bench[Symbol.asyncDispose]()
  await ground.stop()
})

it("a libvirtd that was restarted is looked at and mended as before, and the log says what and when", async () => {
  const lines: Line[] = []
  const rooms = openOn(lines)
  for (const name of ["create-network", "start-router"] as const) await everyRoad[name](rooms)
  const vmId = ground.defineHalted()
  await bench.store.putHost({ name: "kvm", plugin: "kvm", config: ground.config })
  await attachNic({ network: "lab", id: "nic-1", host: "kvm", vmId }, rooms, newCall())
  const loop = keepTrue(rooms, { everyMs: 300 })
  await until(async () => isTrue(rooms))

  const network = /^s64-\S+/m.exec(ground.virsh("net-list", "--name"))?.[0] ?? ""
  await ground.libvirtd.stop()
  const away = await logged(lines, (line) => line.subject === "host kvm" && line.msg === "this needs a person")
  again = await startLibvirtd({ dir: ground.dir, private: true, hideKvm: true })
  const back = await logged(lines, (line) => line.msg === "no problem any more")
  await until(async () => isTrue(rooms))
  for (const verb of ["net-destroy", "net-undefine"]) ground.virsh(verb, network)
  const mended = await logged(lines, (line) => line.kind === "make-network" && line.msg === "mended")
  await until(async () => isTrue(rooms))
  await loop.close()

  expect(away.problem).not.toBe("")
  expect(mended).toMatchObject({ host: "kvm", networkId: "lab" })
  expect(back.at).toBeGreaterThan(away.at)
  // What lasts is told once.
  expect(lines.filter((line) => line.msg.startsWith("no word of the host"))).toHaveLength(1)
  expect(lines.filter((line) => line.msg === "the host answers again")).toHaveLength(1)
  expect(ground.virsh("net-list", "--name").trim()).toContain(network)
  expect(ground.virsh("dumpxml", "--inactive", vmId).match(/<interface /g)).toHaveLength(1)
  await rooms.hosts.close()
})

interface Line {
  readonly at: number
  readonly msg: string
  readonly subject?: string
  readonly problem?: string
  readonly kind?: string
}

/** The router is on a host in memory, and the VM on libvirt. */
function openOn(lines: Line[]): Rooms {
  const write = (fields: object, msg: string): number => lines.push({ ...fields, msg, at: performance.now() })
  const log: RoadLog = { debug: () => {}, info: write, warn: write, error: write, child: () => log }
  const hosts = openHosts(bench.store, [memoryPlugin(bench.world), kvm])
  return openRooms({ store: bench.store, hosts, routers: bench.routers, log, patience: { withdrawMs: 0 } })
}

async function isTrue(rooms: Rooms): Promise<boolean> {
  const { steps, problems } = await plan({}, rooms, newCall())
  return steps.length + problems.length === 0
}

async function logged(lines: readonly Line[], is: (line: Line) => boolean): Promise<Line> {
  await until(async () => lines.some(is))
  const line = lines.find(is)
  if (line === undefined) throw new Error("it was there")
  return line
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(50)
}
