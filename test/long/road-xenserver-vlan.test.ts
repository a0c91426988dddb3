import { afterAll, describe, expect, it } from "vitest"
import { expectLabAnswer } from "../integration/lab-answer.ts"
import { TestLab } from "../integration/lab-command.ts"
import { readRecords } from "../integration/lab-pool.ts"

const minutes = 60_000

describe("the road on a VLAN of a pool", () => {
  const lab = new TestLab()
  afterAll(() => lab.remove(), 2 * minutes)

  it(
    "is completed after it was killed half way",
    async () => {
      const up = ["up", "--xenserver", "--network", "vlan", "--json"]
      const cut = await lab.run(up, "waiting for the router's first answer", "SIGKILL")
      expect(cut, cut.stderr).toMatchObject({ exitCode: null })
      expectLabAnswer(await lab.run(up))
      expect(await readRecords(lab, "VLAN")).toEqual([expect.objectContaining({ tag: 64 })])
    },
    12 * minutes,
  )
})
