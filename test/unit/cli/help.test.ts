import { createProgram } from "slash64"
import type { Program } from "slash64"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startCliLab } from "../../cli/cli-lab.ts"
import type { CliLab } from "../../cli/cli-lab.ts"

const commands = commandsUnder(
  createProgram("0", async () => undefined),
  [],
)

describe("help", () => {
  let lab: CliLab

  beforeAll(async () => {
    lab = await startCliLab()
  })

  afterAll(() => lab.close())

  it.each(commands)("slash64 %s", async (words) => {
    const { exitCode, stdout } = await lab.run([...words.split(" "), "--help"].filter(Boolean))
    expect(exitCode).toBe(0)
    const name = words === "" ? "slash64" : words.replaceAll(" ", "-")
    await expect(stdout).toMatchFileSnapshot(`golden/${name}.txt`)
  })

  it.each(commands.filter((words) => words.includes(" ") || words === "status"))("%s has an example", async (words) => {
    const { stdout } = await lab.run([...words.split(" "), "--help"])
    expect(stdout).toMatch(new RegExp(`Examples?:\\n  slash64 ${words}`))
  })
})

function commandsUnder(command: Program, words: readonly string[]): readonly string[] {
  return [words.join(" "), ...command.commands.flatMap((one) => commandsUnder(one, [...words, one.name()]))]
}
