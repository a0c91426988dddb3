import { memoryPlugin } from "@slash64/conformance"
import type { HypervisorPlugin } from "@slash64/core"
import { z } from "zod"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { startCliLab, web1 } from "../../cli/cli-lab.ts"
import type { CliLab } from "../../cli/cli-lab.ts"

const web2 = "0b3c1c1e-7a52-4b1c-9f6a-0d2a5a1d0001"
const vms = ["--running-vm", "web1", "--halted-vm", "web2"]

const answerShape = z.object({
  passed: z.number(),
  failed: z.number(),
  leftOut: z.number(),
  deviations: z.number(),
  leftovers: z.number(),
  checks: z.array(
    z.object({ check: z.string(), result: z.string(), seconds: z.number(), reason: z.string().optional() }),
  ),
})

describe("slash64 conformance", () => {
  let lab: CliLab

  beforeEach(async () => {
    lab = await startCliLab()
    lab.hypervisor.vms.set(web2, { id: web2, name: "web2", running: false, persistent: true })
    await lab.prepare()
  })

  afterEach(() => lab.close())

  const run = async (args: readonly string[], exitCode = 0) =>
    answerShape.parse(await lab.json(["conformance", ...args], exitCode))

  it("passes on a host that keeps the contract, and leaves it as it was", async () => {
    await lab.json(["nic", "attach", "blue", "web1"])
    const { networks, nics, routers, templates } = lab.hypervisor
    const before = structuredClone([networks, nics, routers, templates])
    const answer = await run(vms)
    expect(answer.checks.filter(({ result }) => result !== "passed" && result !== "left out")).toEqual([])
    expect(answer).toMatchObject({ failed: 0, deviations: 0, leftovers: 0 })
    const reasons = answer.checks.filter(({ result }) => result === "left out").map(({ reason }) => reason)
    expect(answer).toMatchObject({ passed: answer.checks.length - reasons.length, leftOut: reasons.length })
    expect(reasons).not.toContain(undefined)
    expect(answer.passed).toBeGreaterThan(50)
    expect([networks, nics, routers, templates]).toEqual(before)
  })

  it("leaves out what needs a VM where none is named", async () => {
    const answer = await run(["--only", "(running VM)"])
    expect(answer.checks.length).toBeGreaterThan(5)
    expect(answer).toMatchObject({ passed: 0, leftOut: answer.checks.length })
  })

  it("shows a table, and its progress on a terminal", async () => {
    const { stdout, stderr, exitCode } = await lab.run(["conformance", "--only", "removeNetwork"], { isTerminal: true })
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^CHECK +RESULT +SECONDS +REASON\n/)
    expect(stdout).toMatch(/removeNetwork: once and twice, and it is gone +passed +0\.\d +-\n/)
    expect(stdout).toMatch(/\n\nlab: \d+ passed, 0 failed, \d+ left out, 0 deviations\n$/)
    expect(stderr).toMatch(/removeNetwork: absent is a success \d+ of \d+/)
  })

  it("takes away what a killed run left, known by its mark, and nothing else", async () => {
    const { networks, nics } = lab.hypervisor
    const made = { attachment: { kind: "isolated" }, mtu: 1500, bridge: "b" } as const
    const mac = "02:00:00:00:00:09"
    const nic = { vmId: web1, mac, addresses: [], portSecurity: false, persistent: true, port: "vnet9" }
    for (const id of ["conformance-0011aabb-22cc", "conformance-of-mine"]) networks.set(id, { id, ...made })
    for (const [id, networkId] of [
      ["conformance-0011aabb-22cd", "conformance-0011aabb-22cc"],
      ["conformance-nic", "conformance-of-mine"],
    ] as const)
      nics.set(id, { id, networkId, ...nic })
    expect(await run(["--only", "describeHost"])).toMatchObject({ leftovers: 2, failed: 0 })
    expect([...networks.keys()]).toEqual(["blue", "conformance-of-mine"])
    expect([...nics.keys()]).toEqual(["conformance-nic"])
  })

  it("ends with 130 on Ctrl-C, with nothing left of what it made", async () => {
    const interrupt = new AbortController()
    lab.hypervisor.intercept = ({ verb, phase }) => {
      if (verb === "attachNic" && phase === "after") interrupt.abort()
    }
    const { exitCode, stderr } = await lab.run(["conformance", ...vms], { signal: interrupt.signal })
    expect(exitCode).toBe(130)
    expect(stderr).toContain("slash64 conformance --running-vm web1 --halted-vm web2\n")
    expect([...lab.hypervisor.networks.keys()]).toEqual(["blue"])
    expect(lab.hypervisor.nics.size).toBe(0)
    expect(lab.hypervisor.templates.size).toBe(1)
  })

  it.each([
    [["--network", "vlan:eth1"], "INVALID_ARGUMENT", "--network", 2],
    [["--network", "bridge:"], "INVALID_ARGUMENT", "--network", 2],
    [["--only", "no check"], "INVALID_ARGUMENT", "--only", 2],
    [["--running-vm", "web2"], "FAILED_PRECONDITION", "--running-vm", 9],
    [["--halted-vm", "web1"], "FAILED_PRECONDITION", "--halted-vm", 9],
    [["--running-vm", "absent"], "NOT_FOUND", "vm", 5],
    [["--template", `sha256:${"0".repeat(64)}`], "NOT_FOUND", "--template", 5],
    [["--host", "absent"], "NOT_FOUND", "host", 5],
  ])("refuses %j with %s", async (args, code, field, exitCode) => {
    expect(await lab.json(["conformance", ...args], exitCode)).toMatchObject({ error: { code, field } })
  })

  it("ends with 9, names what failed, and shows a known deviation with its reason", async () => {
    const only = ["conformance", "--only", "removeNetwork:"]
    const { exitCode, stdout } = await lab.run([...only, "--json"], { plugins: [removesNoNetwork()] })
    expect(exitCode).toBe(9)
    const answer = answerShape.parse(JSON.parse(stdout))
    const amiss = answer.checks.filter(({ result }) => result === "failed" || result === "deviation")
    expect(amiss.map(({ check, result }) => [check, result])).toEqual([
      ["removeNetwork: in parallel, and it is gone", "failed"],
      ["removeNetwork: once and twice, and it is gone", "failed"],
      ["removeNetwork: aborted before it starts removes nothing", "deviation"],
      ["removeNetwork: a call that was aborted before it began is CANCELLED", "failed"],
      ["removeNetwork: aborted on its way is CANCELLED or done, and a repeat completes it", "failed"],
    ])
    expect(amiss.map((check) => check.reason)).toEqual([
      expect.stringContaining("is there"),
      expect.stringContaining("is there"),
      reason,
      expect.stringContaining("where CANCELLED was due"),
      expect.stringContaining("is there"),
    ])
    const shown = await lab.run(only, { plugins: [removesNoNetwork()] })
    expect(shown.stdout).toMatch(/aborted before it starts removes nothing +deviation +0\.\d +it cannot be stopped\n/)
    expect(shown.stdout).toContain(
      `lab: ${answer.passed} passed, ${answer.failed} failed, ${answer.leftOut} left out, 1 deviations`,
    )
  })
})

const reason = "it cannot be stopped"

function removesNoNetwork(): HypervisorPlugin {
  const plugin = memoryPlugin()
  return {
    ...plugin,
    deviations: { "removeNetwork: aborted before it starts removes nothing": reason },
    async connect(_config, call) {
      return Object.assign(await plugin.connect(undefined, call), { removeNetwork: async () => {} })
    },
  }
}
