import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { expectLabAnswer } from "./lab-answer.ts"
import type { LabAnswer } from "./lab-answer.ts"
import { linkExists, TestLab } from "./lab-command.ts"
import { readRecords, showPool } from "./lab-pool.ts"

const minutes = 60_000

describe("the road on a pool", () => {
  const lab = new TestLab()
  const up = ["up", "--xenserver", "--json"]
  let first: LabAnswer

  beforeAll(async () => {
    const run = await lab.run(up)
    first = expectLabAnswer(run)
    process.stdout.write(`up took ${run.tookMs} ms\n`)
  }, 12 * minutes)
  afterAll(() => lab.remove(), 2 * minutes)

  it("ends with an address that the guest shows on its console, and its agent tells the pool", async () => {
    const guest = (await readRecords(lab, "VM")).find(({ name_label }) => String(name_label).includes("lab-guest"))
    const console = readFileSync(join(lab.dir, "xapi/host-1/vms", String(guest?.["uuid"]), "console.log"), "utf8")
    expect(console).toMatch(new RegExp(`BOUND6 eth0 ${first.nic.address}\\b`))
    const told = async () =>
      (await readRecords(lab, "VM_guest_metrics")).map(({ networks }) => JSON.stringify(networks))
    await expect.poll(told, { timeout: 30_000 }).toContainEqual(expect.stringContaining(`"${first.nic.address}"`))
  })

  it(
    "gives the same answer when it is brought up again, and makes nothing twice",
    async () => {
      const count = async () =>
        Promise.all(["VM", "VDI", "VBD", "VIF", "network"].map(async (name) => (await readRecords(lab, name)).length))
      const before = await count()
      const run = await lab.run(up)
      expect(expectLabAnswer(run)).toEqual(first)
      process.stdout.write(`up again took ${run.tookMs} ms\n`)
      expect(await count()).toEqual(before)
      const status = await lab.run(["status", "--json"])
      expect(status, status.stderr).toMatchObject({ exitCode: 0 })
      expect(JSON.parse(status.stdout)).toMatchObject({
        up: true,
        pool: "running",
        nic: { address: first.nic.address },
      })
    },
    4 * minutes,
  )

  it(
    "leaves no VM, link, process or file of its own when it is taken down",
    async () => {
      const { links } = await showPool(lab)
      expect(links.filter(linkExists)).toEqual(links)
      expect(lab.processes().length).toBeGreaterThanOrEqual(5)

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
