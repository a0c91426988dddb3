import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { conformanceChecks } from "../conformance-checks.ts"
import { memoryGround } from "../memory-ground.fixture.ts"
import { runConformance } from "../run-conformance.ts"
import type { BrokenHost } from "./break-verbs.fixture.ts"
import { callBreaks } from "./call-breaks.fixture.ts"
import { hostBreaks } from "./host-breaks.fixture.ts"
import { networkBreaks } from "./network-breaks.fixture.ts"
import { nicBreaks } from "./nic-breaks.fixture.ts"
import { routerBreaks } from "./router-breaks.fixture.ts"

const brokenHosts = [...hostBreaks, ...networkBreaks, ...nicBreaks, ...routerBreaks, ...callBreaks]

const folder = mkdtempSync(join(tmpdir(), "slash64-broken-hosts-"))
afterAll(() => rmSync(folder, { recursive: true }))

const begins = (name: string, beginnings: readonly string[]): boolean => beginnings.some((one) => name.startsWith(one))

/** The results of the checks that must see what is broken, and of those before them. */
async function run({ verbs, seenBy, after }: BrokenHost): Promise<Awaited<ReturnType<typeof runConformance>>> {
  const ground = memoryGround(folder)
  const { plugin, world, fixtures } = ground
  world.networks.set("of-others", {
    id: "of-others",
    attachment: { kind: "isolated" },
    mtu: 1500,
    bridge: "mem-others",
  })
  return runConformance({
    async connect(call) {
      const good = await plugin.connect(undefined, call)
      return Object.assign(await plugin.connect(undefined, call), { close: () => good.close() }, verbs(good, ground))
    },
    fixtures: { ...fixtures, callTimeoutMs: 1_000 },
    checks: conformanceChecks.filter(({ name }) => begins(name, after === undefined ? seenBy : [...seenBy, after])),
  })
}

describe("a broken adapter", () => {
  it.each(brokenHosts)("that $broken is seen", async (host) => {
    const results = await run(host)
    expect(results.filter(({ check }) => begins(check, host.seenBy)).length).toBeGreaterThanOrEqual(host.seenBy.length)
    const unseen = results.filter(({ check, result }) => begins(check, host.seenBy) && result !== "failed")
    expect(unseen).toEqual([])
  })
})

describe("every check", () => {
  it("fails on an adapter that is broken in what it looks at", () => {
    const seen = brokenHosts.flatMap(({ seenBy }) => seenBy)
    expect(conformanceChecks.map(({ name }) => name).filter((name) => !begins(name, seen))).toEqual([])
  })
})
