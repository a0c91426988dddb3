import { describe, expect, it } from "vitest"
import { figureOf, isMet, spreadOf } from "./statistics.ts"

describe("spreadOf", () => {
  it.each([
    [[4], { median: 4, min: 4, max: 4 }],
    [[3, 1, 2], { median: 2, min: 1, max: 3 }],
    [[10, 9, 1, 100], { median: 9.5, min: 1, max: 100 }],
    [[5, 4, 30, 1, 2, 3, 200], { median: 4, min: 1, max: 200 }],
  ])("of %j", (figures, spread) => {
    expect(spreadOf(figures)).toEqual(spread)
  })

  it("leaves the figures in their order, and is of some", () => {
    const figures = [3, 1, 2]
    spreadOf(figures)
    expect(figures).toEqual([3, 1, 2])
    expect(() => spreadOf([])).toThrow(RangeError)
  })
})

describe("figureOf", () => {
  it("is operations a second, or seconds an operation", () => {
    expect(figureOf("speed", { operations: 10, seconds: 4 })).toBe(2.5)
    expect(figureOf("cost", { operations: 10, seconds: 4 })).toBe(0.4)
  })

  it.each([
    { operations: 0, seconds: 1 },
    { operations: 1, seconds: 0 },
    { operations: 1, seconds: NaN },
  ])("refuses %j", (sample) => {
    expect(() => figureOf("speed", sample)).toThrow(RangeError)
  })
})

describe("isMet", () => {
  it.each([
    ["speed", 0.8, true],
    ["speed", 0.81, false],
    ["cost", 0.8, true],
    ["cost", 0.79, false],
    ["cost", undefined, undefined],
  ] as const)("by %s, %s: %s", (by, target, met) => {
    expect(isMet({ by, ...(target !== undefined && { target }) }, { median: 0.8, min: 0, max: 9 })).toBe(met)
  })
})
