import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import type { ConformanceFixtures } from "@slash64/conformance"
import { describeHypervisorConformance } from "@slash64/conformance/vitest"
import { parseNicMac, serverDuidFor } from "@slash64/core"
import { kvmPlugin } from "@slash64/kvm"
import { createRouterControl, openKeyStore } from "@slash64/router"
import { buildTemplate } from "@slash64/tool-systemvm"
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

const connect: Parameters<typeof describeHypervisorConformance>[0]["connect"] = (call) => {
  const uri = `qemu:///system?socket=${wire.socket}`
  return kvmPlugin.connect(kvmPlugin.parseConfig({ ...ground.config, uri }), call)
}

async function fixtures(): Promise<ConformanceFixtures> {
  return {
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
  }
}

describeHypervisorConformance({
  name: "kvm",
  connect,
  deviations: kvmPlugin.deviations,
  fixtures,
})

// A router and a template are the same whatever their network stands on.
describeHypervisorConformance({
  name: "kvm, networks on a bridge that was there",
  connect,
  deviations: kvmPlugin.deviations,
  verbs: ["ensureNetwork", "removeNetwork", "attachNic", "detachNic"],
  fixtures: async () => ({ ...(await fixtures()), attachment: { kind: "bridge", bridge } }),
})

// The template of all other checks boots nothing, so that they are quick.
describeHypervisorConformance({
  name: "kvm, a router that boots",
  connect,
  deviations: kvmPlugin.deviations,
  verbs: ["openRouterStream"],
  async fixtures() {
    const outDir = join(import.meta.dirname, "../../.cache/systemvm/test")
    const { file, ...template } = await buildTemplate({ outDir, installMissing: true })
    const routers = createRouterControl({ keys: openKeyStore({ directory: join(ground.dir, "keys") }) })
    return {
      ...(await fixtures()),
      template: { ...template, file: join(outDir, file) },
      boots: true,
      async seed({ id, guestMac, controlMac }) {
        const seed = await routers.seed({
          routerId: id,
          guestMac: parseNicMac("guestMac", guestMac),
          controlMac: parseNicMac("controlMac", controlMac),
          serverDuid: serverDuidFor(id),
        })
        return Buffer.from(seed).toString("base64")
      },
    }
  },
})
