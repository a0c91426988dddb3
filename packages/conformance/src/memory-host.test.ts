import { createHash, randomUUID } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { newCall } from "@slash64/core"
import type { ConformanceWire } from "./fixtures.ts"
import { lostAnswer } from "./faults.ts"
import { memoryPlugin } from "./memory-host.ts"
import { newMemoryWorld } from "./memory-world.ts"
import type { MemoryWorld } from "./memory-world.ts"
import { describeHypervisorConformance } from "./vitest.ts"

const folder = mkdtempSync(join(tmpdir(), "slash64-conformance-"))
afterAll(() => rmSync(folder, { recursive: true }))

const running = { id: randomUUID(), name: "web-1", running: true, persistent: true }
const halted = { id: randomUUID(), name: "web-2", running: false, persistent: true }
const world = newMemoryWorld([running, halted], ["br0"])
const plugin = memoryPlugin(world)

/** Every verb of such a host is one request; it takes its time, so that it can be aborted on its way. */
function wireOf(of: MemoryWorld): ConformanceWire {
  of.intercept = turn
  return {
    loseAnswer(skip) {
      let left = skip
      of.intercept = async ({ verb, phase }) => {
        await turn()
        if (phase === "after" && left-- === 0) throw lostAnswer(verb)
      }
      return () => {
        of.intercept = turn
        return left < 0
      }
    },
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

describeHypervisorConformance({
  name: "the host in memory",
  connect: (call) => plugin.connect(undefined, call),
  async fixtures() {
    const file = join(folder, "router.img")
    writeFileSync(file, "a template")
    const digest = `sha256:${createHash("sha256").update("a template").digest("hex")}`
    return {
      runningVm: running.id,
      haltedVm: halted.id,
      template: { digest, version: "1", file, format: "raw" },
      foreign: async () => ({ vms: [...world.vms.values()], devices: [...world.devices] }),
      powerOff: async (id) => {
        const vm = world.routers.get(id)
        if (vm !== undefined) vm.running = false
      },
      wire: wireOf(world),
    }
  },
})

const plain = newMemoryWorld([running, halted], ["br0"])
plain.capabilities = { portSecurity: false, attachments: ["isolated", "bridge"] }

describeHypervisorConformance({
  name: "a host in memory that can do less",
  connect: (call) => memoryPlugin(plain).connect(undefined, call),
  verbs: ["ensureNetwork", "attachNic"],
  async fixtures() {
    const template = { digest: `sha256:${"0".repeat(64)}`, version: "1", file: "absent", format: "raw" } as const
    const foreign = async () => ({ vms: [...plain.vms.values()] })
    return { runningVm: running.id, haltedVm: halted.id, template, foreign, wire: wireOf(plain) }
  },
})

describe("memoryPlugin", () => {
  it("refuses a configuration with settings", () => {
    expect(() => plugin.parseConfig({ url: "x" })).toThrow(/no settings/)
  })

  it("refuses to connect when the call is aborted", async () => {
    await expect(plugin.connect(undefined, newCall({ signal: AbortSignal.abort() }))).rejects.toMatchObject({
      code: "CANCELLED",
    })
  })
})
