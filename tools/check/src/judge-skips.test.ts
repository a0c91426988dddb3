import { describe, expect, it } from "vitest"
import { judgeSkips, parseAllowedSkips, staleSkips } from "./judge-skips.ts"

const list = parseAllowedSkips(`[{ "test": "a b", "reason": "needs another kernel" }]`)

describe("allowed skips", () => {
  it("lets a listed test be skipped, with its reason", () => {
    expect(judgeSkips(["a b"], list)).toEqual({ allowed: list, forbidden: [] })
  })

  it("forbids every other skip", () => {
    expect(judgeSkips(["a b", "a bc"], list).forbidden).toEqual(["a bc"])
  })

  it("finds an entry that names no test", () => {
    expect(staleSkips(["a c"], list)).toEqual(list)
    expect(staleSkips(["a b"], list)).toEqual([])
  })

  it.each([
    `[{ "test": "a" }]`,
    `[{ "test": "a", "reason": "" }]`,
    `[{ "test": "a", "reason": "needs X here", "x": 1 }]`,
  ])("refuses a list without reasons: %s", (text) => {
    expect(() => parseAllowedSkips(text)).toThrow(/invalid|too small|unrecognized/i)
  })
})
