import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { mustCount } from "./measure.ts"
import type { Measure } from "./measure.ts"
import { measures, pickMeasures } from "./measures.ts"
import { runMeasure } from "./run-measure.ts"

function measure(id: string, run: Measure["run"] = () => Promise.resolve(), alias?: string): Measure {
  return { id, title: id, run, ...(alias !== undefined && { alias }) }
}

async function runOne(one: Measure["run"]) {
  const parent = mkdtempSync(join(tmpdir(), "slash64-bench-test-"))
  const steps: string[] = []
  try {
    const { signal } = new AbortController()
    return await runMeasure(measure("P1", one), { parent, signal, progress: (step) => steps.push(step) })
  } finally {
    expect(readdirSync(parent)).toEqual([])
    rmSync(parent, { recursive: true })
  }
}

describe("pickMeasures", () => {
  const some = [measure("P1"), measure("P4", undefined, "neutron"), measure("P11")]

  it("takes all, or those that are named, in the order of the list", () => {
    expect(pickMeasures([], some)).toBe(some)
    expect(pickMeasures(["p11", "Neutron"], some).map(({ id }) => id)).toEqual(["P4", "P11"])
    expect(() => pickMeasures(["P1", "P9"], some)).toThrow("the names are P1, P4, neutron, P11")
  })

  it("has a name for each but once", () => {
    const names = measures.flatMap(({ id, alias }) => [id.toLowerCase(), alias ?? []].flat())
    expect(new Set(names).size).toBe(names.length)
  })
})

describe("runMeasure", () => {
  const side = { name: "side", run: () => Promise.resolve({ operations: 1, seconds: 1 }) }
  const comparison = { title: "both", by: "speed", ours: side, peer: side } as const

  it("gives what was compared and noted, and leaves no directory", async () => {
    const result = await runOne(async ({ directory, compare, note }) => {
      expect(existsSync(directory)).toBe(true)
      writeFileSync(join(directory, "file"), "")
      await compare(comparison)
      note("a note")
    })
    expect(result).toMatchObject({ id: "P1", notes: ["a note"], comparisons: [{ title: "both", rounds: 7 }] })
  })

  it("gives the reason where it could not measure", async () => {
    expect(await runOne(async ({ skip }) => skip("not as root"))).toMatchObject({
      comparisons: [],
      skipped: "not as root",
    })
  })

  it("fails where it counted wrong, and where it did nothing", async () => {
    await expect(
      runOne(async ({ compare }) => {
        await compare(comparison)
        mustCount("addresses", 6n, 7)
      }),
    ).rejects.toThrow("addresses: counted 6 where 7 should be")
    await expect(runOne(() => Promise.resolve())).rejects.toThrow("P1 has compared nothing")
  })
})
