import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { startCliLab } from "../../cli/cli-lab.ts"
import type { CliLab } from "../../cli/cli-lab.ts"

describe("slash64 plan, apply and sweep", () => {
  let lab: CliLab

  beforeEach(async () => {
    lab = await startCliLab()
    await lab.prepare()
    await lab.json(["nic", "attach", "blue", "web1"])
  })

  afterEach(() => lab.close())

  it("plan shows with exit code 9 what apply does, and then nothing", async () => {
    expect(await lab.json(["plan"])).toEqual({ steps: [], problems: [], outdated: [] })
    lab.hypervisor.nics.clear()
    lab.router.files.set("dnsmasq.conf", "somebody was here")
    const planned = await lab.json(["plan", "blue"], 9)
    expect(planned).toMatchObject({
      steps: [{ kind: "push-router", why: "somebody changed dnsmasq.conf" }, { kind: "attach-nic" }],
      problems: [],
    })
    expect((await lab.run(["plan"])).stdout).toContain("the VM has it not")
    expect(await lab.json(["apply"])).toEqual({ done: Object(planned).steps, problems: [] })
    expect(await lab.run(["plan"])).toMatchObject({ exitCode: 0, stdout: "nothing to do\n" })
    expect(await lab.json(["status"])).toMatchObject({ problems: [] })
  })

  it("sweep finds a network of ours that is in no record, and removes it with --delete alone", async () => {
    const attachment = { kind: "isolated" } as const
    lab.hypervisor.networks.set("old", { id: "old", attachment, mtu: 1500, bridge: "mem-old" })
    const stray = { kind: "network", id: "old", host: "lab" }
    expect(await lab.json(["sweep"], 9)).toMatchObject({ strays: [stray], removed: [] })
    expect((await lab.run(["sweep"])).stdout).toContain("in no record")
    expect(await lab.json(["sweep", "--delete"])).toMatchObject({ strays: [], removed: [stray] })
    expect(await lab.run(["sweep"])).toMatchObject({ exitCode: 0, stdout: "hosts and records agree\n" })
    expect([...lab.hypervisor.networks.keys()]).toEqual(["blue"])
  })

  it("a host that does not answer is a problem with a hint, and exit code 9", async () => {
    await lab.json(["host", "add", "dead", "--plugin", "memory", "--no-connect"])
    lab.hypervisor.intercept = ({ verb }) => {
      if (verb === "listTemplates") throw new Error("a defect")
    }
    for (const command of ["plan", "apply", "sweep"]) {
      const { exitCode, stdout } = await lab.run([command])
      expect(exitCode).toBe(9)
      expect(stdout).toContain("problem: host dead: ")
    }
  })
})
