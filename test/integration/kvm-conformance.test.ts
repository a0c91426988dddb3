import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { describeHypervisorConformance } from "@slash64/conformance/vitest"
import { hostVerbs } from "@slash64/core"
import { kvmPlugin } from "@slash64/kvm"
import { type KvmGround, startKvmGround } from "./kvm-ground.ts"
import { type LibvirtWire, openLibvirtWire } from "./libvirt-wire.ts"

let ground: KvmGround
let wire: LibvirtWire
let runningVm: string
let haltedVm: string
const bridge = `s64t${process.pid}`.slice(0, 15)

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

// A router and a template are the same whatever their network stands on.
const networkVerbs = ["ensureNetwork", "removeNetwork", "attachNic", "detachNic"] as const

for (const { attachment, verbs } of [
  { attachment: { kind: "isolated" }, verbs: hostVerbs },
  { attachment: { kind: "bridge", bridge }, verbs: networkVerbs },
] as const) {
  describeHypervisorConformance({
    name: `kvm, networks of kind ${attachment.kind}`,
    connect: (call) => {
      const uri = `qemu:///system?socket=${wire.socket}`
      return kvmPlugin.connect(kvmPlugin.parseConfig({ ...ground.config, uri }), call)
    },
    verbs,
    fixtures: async () => ({
      runningVm,
      haltedVm,
      attachment,
      template: ground.template,
      foreign: () => ground.foreign(),
      powerOff: async () => {
        const running = ground.virsh("list", "--name").split("\n")
        for (const name of running) if (name.startsWith("slash64-router-")) ground.virsh("destroy", name)
      },
      wire,
    }),
  })
}
