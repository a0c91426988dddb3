import { createHash, randomUUID } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Slash64Error } from "@slash64/core"
import type { HypervisorPlugin } from "@slash64/core"
import { lostAnswer } from "./faults.ts"
import type { ConformanceFixtures, ConformanceWire } from "./fixtures.ts"
import { memoryPlugin } from "./memory-host.ts"
import { newMemoryWorld, powerVm } from "./memory-world.ts"
import type { MemoryWorld } from "./memory-world.ts"

/** A world in memory of which the suite can ask everything. */
export interface MemoryGround {
  readonly world: MemoryWorld
  readonly plugin: HypervisorPlugin<undefined>
  readonly fixtures: ConformanceFixtures
}

/** `folder` takes the file of a template. */
export function memoryGround(folder: string): MemoryGround {
  const running = { id: randomUUID(), name: "web-1", running: true, persistent: true }
  const halted = { id: randomUUID(), name: "web-2", running: false, persistent: true }
  const world = newMemoryWorld([running, halted], ["br0"])
  const file = join(folder, "router.img")
  writeFileSync(file, "a template")
  const digest = `sha256:${createHash("sha256").update("a template").digest("hex")}`
  const fixtures: ConformanceFixtures = {
    runningVm: running.id,
    haltedVm: halted.id,
    attachments: [
      { kind: "bridge", bridge: "br0" },
      { kind: "vlan", uplink: "br0", vlan: 4000 },
      { kind: "openvswitch", bridge: "br0" },
    ],
    template: { digest, version: "1", file, format: "raw" },
    boots: true,
    foreign: async () => ({ vms: [...world.vms.values()], devices: [...world.devices] }),
    powerOff: async (id) => {
      const vm = world.routers.get(id)
      if (vm !== undefined) vm.running = false
    },
    power: async (id, state) => powerVm(world, id, state === "on"),
    portRules: async ({ id }) => {
      const { portSecurity = false, addresses = [] } = world.nics.get(id) ?? {}
      return { portSecurity, addresses }
    },
    showAddresses: async ({ id }, addresses) => {
      world.observed.set(id, addresses)
    },
    wire: wireOf(world),
  }
  return { world, plugin: memoryPlugin(world), fixtures }
}

/** Every verb of such a host is one request; it takes its time, so that it can be aborted on its way. */
export function wireOf(world: MemoryWorld): ConformanceWire {
  const mend = (): void => {
    world.intercept = turn
  }
  mend()
  return {
    loseAnswer(skip) {
      let left = skip
      world.intercept = async ({ verb, phase }) => {
        await turn()
        if (phase === "after" && left-- === 0) throw lostAnswer(verb)
      }
      return () => {
        mend()
        return left < 0
      }
    },
    unplug() {
      world.intercept = () => {
        throw new Slash64Error("UNAVAILABLE", "the host cannot be reached", { hint: "Repeat." })
      }
      return mend
    },
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
