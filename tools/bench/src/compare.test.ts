import { describe, expect, it } from "vitest"
import { compare } from "./compare.ts"
import type { Comparison, Sample } from "./measure.ts"

const never = new AbortController().signal
const quiet = () => undefined

/** Gives the seconds one after another, and writes down its turns. */
function side(name: string, seconds: readonly number[], turns: string[], cpuSeconds?: number) {
  let turn = 0
  const next = (): Sample => ({
    operations: 8,
    seconds: seconds[turn++ % seconds.length] ?? 0,
    ...(cpuSeconds !== undefined && { cpuSeconds }),
  })
  return {
    name,
    run: async () => {
      turns.push(name)
      return next()
    },
  }
}

function comparison(turns: string[], change: Partial<Comparison> = {}): Comparison {
  const [ours, peer] = [side("ours", [2], turns), side("peer", [1, 2, 4, 4, 4, 8, 16], turns)]
  return { title: "at rest", by: "cost", target: 0.5, warmUps: 0, ours, peer, ...change }
}

describe("compare", () => {
  it("takes turns, and changes who is first", async () => {
    const turns: string[] = []
    await compare(comparison(turns), quiet, never)
    expect(turns.slice(0, 6)).toEqual(["ours", "peer", "peer", "ours", "ours", "peer"])
    expect(turns).toHaveLength(14)
  })

  it("gives the ratios of the rounds, by cost and by speed", async () => {
    const byCost = await compare(comparison([]), quiet, never)
    expect(byCost).toMatchObject({ ratio: { median: 0.5, min: 0.125, max: 2 }, rounds: 7, met: true })
    expect(byCost.ours.figure).toEqual({ median: 0.25, min: 0.25, max: 0.25 })
    expect(byCost.peer.figure).toEqual({ median: 0.5, min: 0.125, max: 2 })
    const bySpeed = await compare(comparison([], { by: "speed", target: 2.1 }), quiet, never)
    expect(bySpeed).toMatchObject({ ratio: { median: 2, min: 0.5, max: 8 }, met: false })
  })

  it("does not count the rounds that warm up", async () => {
    const turns: string[] = []
    const ours = side("ours", [100, 1, 1, 1, 1, 1, 1, 1], turns)
    const result = await compare(comparison(turns, { ours, warmUps: 1 }), quiet, never)
    expect(turns).toHaveLength(16)
    expect(result.ours.figure.max).toBe(0.125)
  })

  it("compares with the fastest of a peer's recorded figures, and says whose they are", async () => {
    const turns: string[] = []
    const peer = { name: "peer", recorded: [1, 2], source: "another machine" }
    const result = await compare(comparison(turns, { by: "speed", target: 1, peer }), quiet, never)
    expect(turns).toEqual(Array.from({ length: 7 }, () => "ours"))
    expect(result.ratio.median).toBe(2)
    expect(result.peer).toEqual({ name: "peer", figure: { median: 1.5, min: 1, max: 2 }, source: "another machine" })
  })

  it("gives the ratio of CPU time where both sides say it", async () => {
    const [ours, peer] = [side("ours", [1], [], 3), side("peer", [1], [], 2)]
    expect((await compare(comparison([], { ours, peer }), quiet, never)).cpuRatio?.median).toBe(1.5)
    expect((await compare(comparison([], { ours }), quiet, never)).cpuRatio).toBeUndefined()
  })

  it("refuses less than seven rounds", async () => {
    await expect(compare(comparison([], { rounds: 6 }), quiet, never)).rejects.toThrow(RangeError)
  })

  it("ends behind the round in which it is interrupted", async () => {
    const controller = new AbortController()
    const turns: string[] = []
    const progress = (step: string) => void (step.includes("round 3") && controller.abort())
    await expect(compare(comparison(turns), progress, controller.signal)).rejects.toThrow("aborted")
    expect(turns).toHaveLength(6)
  })

  it("passes on a side's error", async () => {
    const ours = { name: "ours", run: () => Promise.reject(new Error("counted wrong")) }
    await expect(compare(comparison([], { ours }), quiet, never)).rejects.toThrow("counted wrong")
  })
})
