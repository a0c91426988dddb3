import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { newCall } from "@slash64/core"
import { conformanceChecks } from "./conformance-checks.ts"
import { memoryGround } from "./memory-ground.fixture.ts"
import { memoryPlugin } from "./memory-host.ts"
import { runConformance } from "./run-conformance.ts"
import { describeHypervisorConformance } from "./vitest.ts"

const folder = mkdtempSync(join(tmpdir(), "slash64-conformance-"))
afterAll(() => rmSync(folder, { recursive: true }))
const { plugin, fixtures } = memoryGround(folder)

describeHypervisorConformance({
  name: "the host in memory",
  connect: (call) => plugin.connect(undefined, call),
  fixtures: async () => fixtures,
})

describe("a host in memory that can do less", () => {
  it("passes what it can be asked, and the rest is left out with a reason", async () => {
    const less = memoryGround(folder)
    const attachments = ["isolated", "bridge"] as const
    less.world.capabilities = { portSecurity: false, liveAttach: false, watch: false, attachments }
    const { runningVm, haltedVm } = less.fixtures
    const results = await runConformance({
      connect: (call) => less.plugin.connect(undefined, call),
      fixtures: { ...(runningVm !== undefined && { runningVm }), ...(haltedVm !== undefined && { haltedVm }) },
    })
    const left = results.filter(({ result }) => result === "left out")
    expect(results.filter(({ result }) => result === "failed")).toEqual([])
    expect(new Set(left.map(({ reason }) => reason))).toEqual(
      new Set([
        "no router template was given",
        "nothing was named for a network of the kind bridge",
        "nothing here shows what is on the host beside slash64's own",
        "nothing here starts and stops VMs",
        "nothing here takes a router's power away",
        "nothing here makes a guest show addresses",
        "nothing here stands between the adapter and its host",
        "the router template is not one that boots",
        "the host does not claim watch",
        "the host does not claim portSecurity",
      ]),
    )
    const code = results.find(({ check }) => check.includes("kind vlan is made where the host claims it"))
    expect(code?.result).toBe("passed")
  })
})

describe("the checks", () => {
  it("have names of their own, and begin with what they are of", () => {
    const names = conformanceChecks.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => !/^[\w ()]+: ./.test(name))).toEqual([])
  })
})

describe("memoryPlugin", () => {
  it("refuses a configuration with settings", () => {
    expect(() => plugin.parseConfig({ url: "x" })).toThrow(/no settings/)
  })

  it("refuses to connect when the call is aborted", async () => {
    const call = newCall({ signal: AbortSignal.abort() })
    await expect(memoryPlugin().connect(undefined, call)).rejects.toMatchObject({ code: "CANCELLED" })
  })
})
