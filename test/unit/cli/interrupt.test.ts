import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { startCliLab } from "../../cli/cli-lab.ts"
import type { CliLab } from "../../cli/cli-lab.ts"

describe("a command that is cut off", () => {
  let lab: CliLab

  beforeEach(async () => {
    lab = await startCliLab()
    await lab.prepare()
  })

  afterEach(() => lab.close())

  it("ends with 130, says what to repeat, and the repeat completes", async () => {
    const interrupt = new AbortController()
    lab.hypervisor.intercept = ({ verb, phase }) => {
      if (verb === "attachNic" && phase === "before") interrupt.abort()
    }
    const args = ["nic", "attach", "blue", "web1", "--hostname", "web1"]
    const cut = await lab.run(args, { signal: interrupt.signal })
    expect(cut.exitCode).toBe(130)
    expect(cut.stderr).toContain("slash64 nic attach blue web1 --hostname web1\n")

    delete lab.hypervisor.intercept
    expect(await lab.json(["status"], 9)).toMatchObject({ problems: [expect.stringContaining("half attached")] })
    expect(await lab.json(args)).toMatchObject({ nic: { state: "attached" } })
    expect(await lab.json(["status"])).toMatchObject({ problems: [] })
    expect(lab.router.reservations).toHaveLength(1)
  })

  it("gives up after --timeout with exit code 4", async () => {
    lab.router.faults.hang = true
    const late = await lab.run(["router", "push", "blue", "--timeout", "0.3", "--json"])
    expect(late.exitCode).toBe(4)
    expect(JSON.parse(late.stdout)).toMatchObject({
      error: { code: "DEADLINE_EXCEEDED", hint: expect.stringContaining("slash64 router push blue") },
    })
  })

  it("quotes what it tells a person to type", async () => {
    const interrupt = new AbortController()
    interrupt.abort()
    const { stderr } = await lab.run(["network", "show", "it's; rm -rf"], { signal: interrupt.signal })
    expect(stderr).not.toContain("show it's; rm")
  })
})

describe("progress", () => {
  it("is one line on a terminal that is cleared before the answer, and none elsewhere", async () => {
    const lab = await startCliLab()
    try {
      await lab.prepare()
      const shown = await lab.run(["router", "push", "blue"], { isTerminal: true })
      expect(shown.stderr).toContain("telling the router")
      expect(shown.stderr.endsWith("\r\u001b[K")).toBe(true)
      expect((await lab.run(["router", "push", "blue"])).stderr).toBe("")
    } finally {
      await lab.close()
    }
  })
})
