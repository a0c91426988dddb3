import { expect, it } from "vitest"
import { describeTally, killAtRandom } from "../crash/crash-run.ts"

it("loses and doubles nothing that was acknowledged when 40 processes are killed at any moment", async () => {
  const tally = await killAtRandom(40)
  console.log(describeTally(tally))
  expect(tally).toMatchObject({ opened: 40, lost: [], doubled: [], wrong: [], errors: [] })
  // A kill met work, at the least: a child that does nothing loses nothing.
  expect(tally.claims).toBeGreaterThan(40 * 5)
})
