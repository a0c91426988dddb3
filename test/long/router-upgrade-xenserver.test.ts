import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { expectLabAnswer, type LabAnswer } from "../integration/lab-answer.ts"
import { TestLab } from "../integration/lab-command.ts"
import { readRecords } from "../integration/lab-pool.ts"

const run = promisify(execFile)
const program = join(import.meta.dirname, "../../packages/cli/src/main.ts")

describe("a router on a pool that boots", () => {
  const lab = new TestLab()
  let up: LabAnswer
  let network: string
  beforeAll(async () => {
    up = expectLabAnswer(await lab.run(["up", "--xenserver", "--json"]))
    network = (await slash64("network", "list")).networks[0].name
  })
  afterAll(() => lab.remove())

  it("is upgraded with the identity and the leases of the one before", async () => {
    const before = (await slash64("router", "start", network)).router
    const nic = (await slash64("nic", "list", "--network", network)).nics[0]
    const shown = await slash64("nic", "show", nic.id)
    expect(shown.leases).toMatchObject([{ address: up.nic.address }])
    const vms = await runningVms()
    const version = await registerNewer()
    expect((await slash64("plan")).outdated).toMatchObject([{ networkId: network, newest: version }])

    const { router, gapMs } = await slash64("router", "upgrade", network)

    process.stdout.write(`upgrade on a pool: ${(gapMs / 1000).toFixed(1)} s from the stop to the first set of files\n`)
    const { vmId, templateVersion, templateDigest, ...same } = router
    expect(before).toMatchObject(same)
    expect([vmId, templateDigest]).not.toContain(before.vmId)
    expect(templateDigest).not.toBe(before.templateDigest)
    expect(templateVersion).toBe(version)
    expect(await slash64("plan")).toEqual({ steps: [], problems: [], outdated: [] })
    expect((await slash64("nic", "show", nic.id)).leases).toEqual(shown.leases)
    expect(await runningVms()).toBe(vms)
    await expect.poll(shownByGuests, { timeout: 30_000 }).toContainEqual(expect.stringContaining(`"${up.nic.address}"`))
  })

  async function shownByGuests(): Promise<readonly string[]> {
    return (await readRecords(lab, "VM_guest_metrics")).map(({ networks }) => JSON.stringify(networks))
  }

  /** The same image with another VHD footer: another digest. */
  async function registerNewer(): Promise<string> {
    const [old] = (await slash64("template", "list")).templates
    const file = join(lab.dir, "newer.vhd")
    const options = ["-O", "vpc", "-o", "subformat=dynamic,force_size=on"]
    await run("qemu-img", ["convert", "-f", "vpc", ...options, old.file, file])
    const digest = `sha256:${createHash("sha256").update(readFileSync(file)).digest("hex")}`
    const manifest = join(lab.dir, "newer.json")
    const version = `${old.version}.1`
    writeFileSync(manifest, JSON.stringify({ version, digest, file: "newer.vhd", format: "vhd" }))
    await slash64("template", "register", manifest)
    return version
  }

  async function runningVms(): Promise<number> {
    const running = (await readRecords(lab, "VM")).filter(({ power_state }) => power_state === "Running")
    return running.filter(({ is_control_domain }) => is_control_domain !== true).length
  }

  async function slash64(...args: readonly string[]) {
    const database = ["--db", join(lab.dir, "state/slash64.db")]
    const { stdout } = await run(process.execPath, [program, ...database, ...args, "--json"], { timeout: 600_000 })
    return JSON.parse(stdout)
  }
})
