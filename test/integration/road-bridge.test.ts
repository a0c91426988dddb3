import { afterAll, expect, it } from "vitest"
import { expectLabAnswer } from "./lab-answer.ts"
import { TestLab } from "./lab-command.ts"

const minutes = 60_000
const lab = new TestLab()
afterAll(() => lab.remove(), 2 * minutes)

it(
  "the road leads to an existing bridge, also when Ctrl-C ended it half way before",
  async () => {
    const options = ["--private-libvirtd", "--json", "--network", "bridge"]
    const cut = await lab.run(["up", ...options], "waiting for the router's first answer")
    expect(cut, cut.stderr).toMatchObject({ exitCode: 130 })
    expectLabAnswer(await lab.run(["up", ...options]))
  },
  8 * minutes,
)
