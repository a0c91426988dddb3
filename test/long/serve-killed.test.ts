import { execFile, spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { randomUUID } from "node:crypto"
import { writeFileSync } from "node:fs"
import { request } from "node:http"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, it } from "vitest"
import { TestLab } from "../integration/lab-command.ts"

const run = promisify(execFile)
const program = join(import.meta.dirname, "../../packages/cli/src/main.ts")
const vms = Array.from({ length: 12 }, (_, index) => ({ id: randomUUID(), name: `killed-${index}` }))
const least = 50
const lab = new TestLab()
const database = ["--db", join(lab.dir, "state/slash64.db")]
const socket = join(lab.dir, "serve.sock")
let network: string
let host: string
let server: ChildProcess | undefined

beforeAll(async () => {
  const up = await lab.up()
  if (up.exitCode !== 0) throw new Error(up.stderr)
  network = (await slash64("network", "list")).networks[0].name
  host = (await slash64("host", "list")).hosts[0].name
  for (const { id, name } of vms) {
    const file = join(lab.dir, `${name}.xml`)
    const os = `<os><type arch="x86_64" machine="pc">hvm</type></os>`
    writeFileSync(
      file,
      `<domain type="qemu"><name>${name}</name><uuid>${id}</uuid><memory unit="MiB">32</memory>${os}</domain>`,
    )
    lab.virsh("define", file)
  }
})
// The domains go with the lab's own libvirtd.
afterAll(async () => {
  server?.kill("SIGKILL")
  await lab.remove()
})

it("slash64 serve that is killed at random agrees with its hosts and router when it is started again", async () => {
  const tally: Tally = { asked: 0, done: 0, refused: 0, cutOff: 0, kills: 0 }
  while (tally.asked < least || tally.kills < 8) {
    await startServer()
    // Some lives end while the router is still waited for that the last one was converging, some long after.
    const killing = sleep(Math.random() * 25_000).then(() => server?.kill("SIGKILL"))
    await Promise.all([1, 2, 3].map(() => callUntilDead(tally)))
    await killing
    tally.kills += 1
  }
  await startServer()
  await until(async () => {
    const { steps, problems } = await slash64("plan").catch(() => ({ steps: ["refused"], problems: [] }))
    return steps.length + problems.length === 0
  })

  const nics = (await slash64("nic", "list", "--network", network)).nics.filter((nic: Nic) => nic.vmId in byVm)
  const swept = await slash64("sweep")
  const { push } = await slash64("router", "push", network)
  const ports = vms.map(({ name }) => lab.virsh("dumpxml", "--inactive", name).match(/<interface /g)?.length ?? 0)
  const onHosts = ports.reduce((sum, count) => sum + count, 0)
  process.stdout.write(
    `${tally.asked} attaches and detaches, ${tally.kills} kills: ${tally.done} done, ${tally.refused} refused, ` +
      `${tally.cutOff} cut off; ${nics.length} NICs in the store, ${onHosts} on the host, ` +
      `${push.changedFiles} files that the router lacks; ${swept.strays.length} strays, ${swept.missing.length} missing\n`,
  )
  expect(nics.map(({ state }: Nic) => state)).toEqual(nics.map(() => "attached"))
  expect(new Set(nics.map(({ ipv6 }: Nic) => ipv6)).size).toBe(nics.length)
  expect(ports).toEqual(vms.map(({ id }) => nics.filter(({ vmId }: Nic) => vmId === id).length))
  expect(Math.max(...ports)).toBeLessThanOrEqual(1)
  expect(swept).toMatchObject({ strays: [], missing: [], problems: [] })
  expect(push).toMatchObject({ changedFiles: 0 })
})

interface Tally {
  asked: number
  done: number
  refused: number
  cutOff: number
  kills: number
}

interface Nic {
  readonly vmId: string
  readonly state: string
  readonly ipv6: string
}

const byVm = Object.fromEntries(vms.map(({ id, name }) => [id, name]))

async function startServer(): Promise<void> {
  const args = [program, ...database, "serve", "--socket", socket, "--every", "1"]
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] })
  server = child
  let log = ""
  child.stderr.on("data", (chunk: Buffer) => (log = (log + chunk.toString()).slice(-100_000)))
  await until(() => {
    if (child.exitCode !== null) throw new Error(log)
    return log.includes("listening")
  })
}

/** One call after the other, until the server is dead. */
async function callUntilDead(tally: Tally): Promise<void> {
  for (;;) {
    const at = Math.floor(Math.random() * vms.length)
    const attach = Math.random() < 2 / 3
    const path = `/v1/nics/killed-${at}`
    tally.asked += 1
    const answer = await (attach ? call("PUT", path, { network, host, vmId: vms[at]?.id }) : call("DELETE", path))
    if (answer === undefined) tally.cutOff += 1
    else if (answer.state === "succeeded") tally.done += 1
    else tally.refused += 1
    if (answer === undefined) return
  }
}

/** The operation at its end; undefined where the server died. */
async function call(method: string, path: string, body?: object): Promise<{ readonly state?: string } | undefined> {
  const headers = { "content-type": "application/json", prefer: "wait=60" }
  const sent = request({ socketPath: socket, method, path, headers }).end(body && JSON.stringify(body))
  try {
    const [response] = await once(sent, "response")
    return JSON.parse(await text(response))
  } catch {
    return undefined
  }
}

async function slash64(...args: readonly string[]) {
  const { stdout } = await run(process.execPath, [program, ...database, ...args, "--json"], { timeout: 600_000 })
  return JSON.parse(stdout)
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(50)
}
