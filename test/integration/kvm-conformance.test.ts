import { execFileSync } from "node:child_process"
import { afterAll, beforeAll } from "vitest"
import { describeHypervisorConformance } from "@slash64/conformance/vitest"
import { kvmPlugin } from "@slash64/kvm"
import { type KvmGround, startKvmGround } from "./kvm-ground.ts"

let ground: KvmGround
let runningVm: string
let haltedVm: string
const bridge = `s64t${process.pid}`.slice(0, 15)

beforeAll(async () => {
  ground = await startKvmGround()
  execFileSync("ip", ["link", "add", "name", bridge, "type", "bridge"])
  haltedVm = ground.defineHalted()
  runningVm = await ground.startGuest()
})
afterAll(async () => {
  await ground.stop()
  execFileSync("ip", ["link", "delete", "dev", bridge])
})

for (const attachment of [{ kind: "isolated" }, { kind: "bridge", bridge }] as const) {
  describeHypervisorConformance({
    name: `kvm, networks of kind ${attachment.kind}`,
    connect: (call) => kvmPlugin.connect(kvmPlugin.parseConfig(ground.config), call),
    fixtures: async () => ({
      runningVm,
      haltedVm,
      attachment,
      template: ground.template,
      foreign: () => ground.foreign(),
    }),
  })
}
