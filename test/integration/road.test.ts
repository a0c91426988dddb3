import { existsSync } from "node:fs"
import { setTimeout as delay } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { expectLabAnswer } from "./lab-answer.ts"
import type { LabAnswer } from "./lab-answer.ts"
import { linkExists, TestLab } from "./lab-command.ts"

const minutes = 60_000

describe("the road on an isolated bridge", () => {
  const lab = new TestLab()
  let first: LabAnswer

  beforeAll(async () => {
    const run = await lab.up()
    first = expectLabAnswer(run)
    process.stdout.write(`up took ${run.tookMs} ms\n`)
  }, 8 * minutes)
  afterAll(() => lab.remove(), 2 * minutes)

  it(
    "gives the same answer when it is brought up again",
    async () => {
      const run = await lab.up()
      expect(expectLabAnswer(run)).toEqual(first)
      process.stdout.write(`up again took ${run.tookMs} ms\n`)
    },
    4 * minutes,
  )

  it("shows that it is whole", async () => {
    const run = await lab.run(["status", "--json"])
    expect(run, run.stderr).toMatchObject({ exitCode: 0 })
    expect(JSON.parse(run.stdout)).toMatchObject({ up: true, nic: { address: first.nic.address }, problems: [] })
  })

  it(
    "serves the same guest after the router's power was cut, with no push",
    async () => {
      const before = await routerOf(lab)
      const router = lab.router()
      process.kill(lab.qemuOf(router), "SIGKILL")
      await until(() => lab.virsh("domstate", router) !== "running")
      lab.virsh("start", router)
      // A guest that boots anew knows nothing and must be served from what the router itself has kept.
      const guest = lab.guest()
      lab.virsh("destroy", guest)
      lab.virsh("start", guest)

      await until(async () => (await statusOf(lab)).guest?.addresses?.includes(first.nic.address) === true)
      expect(await routerOf(lab)).toEqual(before)
    },
    5 * minutes,
  )

  it(
    "leaves no VM, bridge, process or file of its own when it is taken down",
    async () => {
      const links = lab.links()
      expect(links.length).toBeGreaterThanOrEqual(5)
      expect(lab.processes().length).toBeGreaterThanOrEqual(4)

      const run = await lab.run(["down"])

      expect(run, run.stderr).toMatchObject({ exitCode: 0 })
      expect(links.filter(linkExists)).toEqual([])
      expect(lab.processes()).toEqual([])
      expect(existsSync(lab.dir)).toBe(false)
      expect(await lab.run(["down"])).toMatchObject({ exitCode: 0 })
    },
    2 * minutes,
  )
})

interface Status {
  readonly guest?: { readonly addresses?: readonly string[] }
  readonly router?: { readonly revision: number; readonly generation: number }
}

async function statusOf(lab: TestLab): Promise<Status> {
  return JSON.parse((await lab.run(["status", "--json"])).stdout)
}

async function routerOf(lab: TestLab): Promise<{ revision: number; generation: number }> {
  const { router } = await statusOf(lab)
  if (router === undefined) throw new Error("the router did not answer")
  return { revision: router.revision, generation: router.generation }
}

/** The test's own deadline ends it. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(500)
}
