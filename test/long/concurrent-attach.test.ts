import { execFile } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, it } from "vitest"
import { TestLab } from "../integration/lab-command.ts"

const run = promisify(execFile)
const program = join(import.meta.dirname, "../../packages/cli/src/main.ts")
const names = Array.from({ length: 20 }, (_, index) => `many-${index}`)
const lab = new TestLab()
let network: string

beforeAll(async () => {
  const up = await lab.up()
  if (up.exitCode !== 0) throw new Error(up.stderr)
  network = JSON.parse((await lab.run(["status", "--json"])).stdout).network.name
  for (const name of names) {
    const file = join(lab.dir, `${name}.xml`)
    const os = `<os><type arch="x86_64" machine="pc">hvm</type></os>`
    writeFileSync(file, `<domain type="qemu"><name>${name}</name><memory unit="MiB">32</memory>${os}</domain>`)
    lab.virsh("define", file)
  }
})
// The domains go with the lab's own libvirtd.
afterAll(() => lab.remove())

it("20 `slash64 nic attach` at once leave 20 reservations on the router, in one generation that nobody lost", async () => {
  const attached = await Promise.all(names.map((name) => slash64("nic", "attach", network, name)))

  const addresses = attached.map((answer) => answer.nic.ipv6)
  expect(new Set(addresses).size).toBe(20)
  const { nics } = await slash64("nic", "list", "--network", network)
  // And the lab's own guest.
  expect(nics).toHaveLength(21)
  expect(nics.every(({ state }: { readonly state: string }) => state === "attached")).toBe(true)
  // Whatever the router lacked, or had too much of, would be sent now.
  expect(await slash64("router", "push", network)).toMatchObject({ push: { changedFiles: 0 } })
  expect(await slash64("router", "status", network)).toMatchObject({ status: { drifted: [] } })
})

async function slash64(...args: readonly string[]) {
  const database = ["--db", join(lab.dir, "state/slash64.db")]
  const { stdout } = await run(process.execPath, [program, ...database, ...args, "--json"], { timeout: 600_000 })
  return JSON.parse(stdout)
}
