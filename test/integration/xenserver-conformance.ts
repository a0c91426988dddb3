import { createHash, randomBytes } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describeHypervisorConformance } from "@slash64/conformance/vitest"
import { type HostVerb, type NetworkAttachment, type TemplateSpec, newCall } from "@slash64/core"
import { simulateHalf, startXapiLabHost } from "@slash64/tool-xapi-lab-host"
import { xenserverPlugin } from "@slash64/xenserver"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { z } from "zod"
import { XapiSession } from "./xapi-client.ts"
import { type XapiFaults, xapiFaults } from "./xapi-faults.ts"
import { makeGoldenTemplate } from "./xapi-golden.ts"
import { startXapiGround } from "./xapi-ground.ts"
import { startIdleGuest } from "./xapi-guest.ts"
import { type ObjectCounts, countObjects, foreignObjects } from "./xapi-objects.ts"

export interface XenserverRun {
  readonly attachment: NetworkAttachment
  readonly verbs: readonly HostVerb[]
}

/**
 * The plugin on a lab host, and a count of all that XAPI has after it. `real`: its machines are QEMU, its bridges Open
 * vSwitch; `simulated`: it has none, so that no guest answers hot plug, and a router starts at once.
 */
export function describeXenserverConformance(machines: "real" | "simulated", runs: readonly XenserverRun[]): void {
  const faults = xapiFaults()
  const directory = mkdtempSync(join(tmpdir(), "xenserver-"))
  const template = makeTemplate(directory)
  let ground: Ground
  let haltedVm = ""
  let before: ObjectCounts

  beforeAll(async () => {
    process.env["SLASH64_TEST_PASSWORD"] = "lab"
    ground = await (machines === "real" ? startReal(faults) : startSimulated(faults, directory))
    haltedVm = await makeVm(ground.xapi)
    before = await countObjects(ground.xapi)
  })
  afterAll(async () => {
    await ground.stop()
    rmSync(directory, { recursive: true })
  })

  const connect = (call = newCall({ timeoutMs: 30_000 })) => {
    const config = { url: ground.url, user: "root", password: "env:SLASH64_TEST_PASSWORD" }
    return xenserverPlugin.connect(xenserverPlugin.parseConfig(config), call)
  }

  for (const { attachment, verbs } of runs) {
    describeHypervisorConformance({
      name: `xenserver on ${machines} machines, networks of kind ${attachment.kind}`,
      connect,
      verbs,
      fixtures: async () => ({
        ...(ground.runningVm !== undefined && { runningVm: ground.runningVm }),
        haltedVm,
        attachment,
        attachments: [
          { kind: "bridge", bridge: "xenbr1" },
          { kind: "vlan", uplink: "eth1", vlan: 100 },
        ],
        template,
        async power(vmId, state) {
          const vm = await ground.xapi.text("VM.get_by_uuid", vmId)
          const isOn = (await ground.xapi.text("VM.get_power_state", vm)) !== "Halted"
          if (isOn === (state === "on")) return
          if (state === "on") await ground.xapi.call("VM.start", vm, false, false)
          else await ground.xapi.call("VM.hard_shutdown", vm)
        },
        portRules: ({ id }) => readPortRules(ground.xapi, id),
        foreign: () => foreignObjects(ground.xapi),
        async powerOff(id) {
          const [router] = await ground.xapi.texts("VM.get_by_name_label", `slash64 router ${id}`)
          await ground.xapi.call("VM.hard_shutdown", router)
        },
        wire: {
          loseAnswer(skip) {
            const end = faults.disturbOne(skip, { kind: "close-after" })
            return () => end() !== undefined
          },
        },
      }),
    })
  }

  describe(`after the suite on ${machines} machines`, () => {
    it("no object of any kind is left on the pool, the contract's or not", async () => {
      const host = await connect()
      await host.removeTemplate(template.digest, newCall())
      await host.close()
      expect(await countObjects(ground.xapi)).toEqual(before)
    })
  })
}

interface Ground {
  readonly url: string
  readonly xapi: XapiSession
  /** Its guest answers hot plug. */
  readonly runningVm?: string
  stop(): Promise<void>
}

async function startReal({ disturb }: XapiFaults): Promise<Ground> {
  const ground = await startXapiGround(disturb)
  const xapi = await ground.open()
  return { url: ground.url, xapi, runningVm: await startIdleGuest(ground, xapi), stop: () => ground.stop() }
}

async function startSimulated({ disturb }: XapiFaults, directory: string): Promise<Ground> {
  const pool = await startXapiLabHost({
    directory: join(directory, "pool"),
    account: { user: "root", password: "lab" },
    hosts: [
      { name: "one", address: "127.0.0.1", devices: ["eth0", "eth1"], below: async (ended) => simulateHalf(ended) },
    ],
    disturb,
  })
  const url = pool.urls[0] ?? ""
  return { url, xapi: await XapiSession.open(url, "root", "lab"), stop: () => pool.close() }
}

const vifShape = z.object({
  locking_mode: z.string(),
  ipv4_allowed: z.array(z.string()),
  ipv6_allowed: z.array(z.string()),
  other_config: z.record(z.string(), z.string()),
})

async function readPortRules(xapi: XapiSession, nicId: string) {
  const vifs = Object.values(await xapi.read(z.record(z.string(), vifShape), "VIF.get_all_records"))
  const vif = vifs.find(({ other_config }) => other_config["slash64:nic"] === nicId)
  const allowed = [...(vif?.ipv4_allowed ?? []), ...(vif?.ipv6_allowed ?? [])]
  return {
    portSecurity: vif?.locking_mode === "locked",
    addresses: allowed.filter((address) => !address.startsWith("fe80:")),
  }
}

async function makeVm(xapi: XapiSession): Promise<string> {
  const { vm } = await makeGoldenTemplate(xapi)
  await xapi.call("VM.provision", vm)
  return xapi.text("VM.get_uuid", vm)
}

/** Bytes of no meaning: a router of it runs, and boots nothing. */
function makeTemplate(directory: string): TemplateSpec {
  const file = join(directory, "template.raw")
  const bytes = randomBytes(256 * 1024 + 512)
  writeFileSync(file, bytes)
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`
  return { digest, version: "test-1", file, format: "raw" }
}
