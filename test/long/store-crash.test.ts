import { expect, it } from "vitest"
import { describeTally, killAtRandom } from "../crash/crash-run.ts"

it("loses and doubles nothing that was acknowledged when 300 processes are killed at any moment", async () => {
  const tally = await killAtRandom(300)
  console.log(describeTally(tally))
  expect(tally).toMatchObject({ opened: 300, lost: [], doubled: [], wrong: [], errors: [] })
  // A kill met work, at the least: a child that does nothing loses nothing.
  expect(tally.claims).toBeGreaterThan(300 * 5)
})
