import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import type { ConformanceFixtures } from "@slash64/conformance"
import { type ConformanceOptions, describeHypervisorConformance } from "@slash64/conformance/vitest"
import { kvmPlugin } from "@slash64/kvm"
import { type KvmGround, startKvmGround } from "./kvm-ground.ts"
import { type LibvirtWire, openLibvirtWire } from "./libvirt-wire.ts"

export interface KvmRun extends Pick<ConformanceOptions, "name" | "verbs" | "undisturbed"> {
  /** Beside, or in the place of, those of every run. */
  readonly fixtures?: (ground: KvmGround, bridge: string) => Promise<Partial<ConformanceFixtures>>
}

/** The plugin on a libvirtd of the tests' own, all runs on one. */
export function describeKvmConformance(runs: readonly KvmRun[]): void {
  const bridge = `s64t${process.pid}`.slice(0, 15)
  let ground: KvmGround
  let wire: LibvirtWire
  let runningVm: string
  let haltedVm: string

  beforeAll(async () => {
    ground = await startKvmGround()
    wire = await openLibvirtWire(ground.libvirtd.socket, join(ground.dir, "wire.sock"))
    execFileSync("ip", ["link", "add", "name", bridge, "type", "bridge"])
    haltedVm = ground.defineHalted()
    runningVm = await ground.startGuest()
  })
  afterAll(async () => {
    await wire.close()
    await ground.stop()
    execFileSync("ip", ["link", "delete", "dev", bridge])
  })

  for (const { fixtures, ...run } of runs) {
    describeHypervisorConformance({
      ...run,
      deviations: kvmPlugin.deviations,
      connect: (call) => {
        const uri = `qemu:///system?socket=${wire.socket}`
        return kvmPlugin.connect(kvmPlugin.parseConfig({ ...ground.config, uri }), call)
      },
      fixtures: async () => ({
        runningVm,
        haltedVm,
        attachments: [{ kind: "bridge", bridge }],
        template: ground.template,
        foreign: () => ground.foreign(),
        powerOff: async () => {
          const running = ground.virsh("list", "--name").split("\n")
          for (const name of running) if (name.startsWith("slash64-router-")) ground.virsh("destroy", name)
        },
        power: async (id, state) => {
          const isOn = ground.virsh("domstate", id).startsWith("running")
          if (isOn !== (state === "on")) ground.virsh(state === "on" ? "start" : "destroy", id)
        },
        wire,
        ...(await fixtures?.(ground, bridge)),
      }),
    })
  }
}
