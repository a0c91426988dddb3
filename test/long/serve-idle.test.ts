import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { request } from "node:http"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { setTimeout as sleep } from "node:timers/promises"
import { routerIdFor } from "@slash64/core"
import { afterEach, beforeEach, expect, it } from "vitest"
import { startCliLab } from "../cli/cli-lab.ts"
import type { CliLab } from "../cli/cli-lab.ts"

const nics = 1000
const minutes = 3
const vms = Array.from({ length: nics }, (_, index) => ({
  id: `5f0c1c1e-7a52-4b1c-9f6a-${String(index).padStart(12, "0")}`,
  name: `vm${index}`,
  running: true,
  persistent: true,
}))

let lab: CliLab
let child: ChildProcess
let socket: string
let log = ""

beforeEach(async () => {
  lab = await startCliLab()
  await lab.prepare()
  socket = join(lab.folder, "serve.sock")
  const program = join(import.meta.dirname, "../cli/slash64-process.ts")
  child = spawn(process.execPath, [program, "serve", "--socket", socket], {
    env: {
      ...process.env,
      XDG_STATE_HOME: join(lab.folder, "state"),
      SLASH64_TEST: JSON.stringify({
        port: lab.routerPort,
        routerId: routerIdFor("blue"),
        vms,
        routers: [...lab.hypervisor.routers.values()],
      }),
    },
    stdio: ["ignore", "ignore", "pipe"],
  })
  child.stderr?.on("data", (chunk: Buffer) => (log += chunk.toString()))
  await until(() => {
    if (child.exitCode !== null) throw new Error(log)
    return log.includes("listening")
  })
})

afterEach(async () => {
  const exited = once(child, "exit")
  child.kill("SIGKILL")
  await exited
  await lab.close()
})

it(`costs little while nothing happens to ${nics} NICs on one router`, async () => {
  const waiting = [...vms.keys()]
  await Promise.all(
    Array.from({ length: 50 }, async () => {
      for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) await attach(at)
    }),
  )
  expect(lab.router.reservations).toHaveLength(nics)
  // The round that looks at what was just made.
  await sleep(61_000)
  const asked = lab.router.commands.length
  const [logged, before, since] = [log.length, cpuSeconds(), performance.now()]
  await sleep(minutes * 60_000)
  const cpu = (cpuSeconds() - before) / ((performance.now() - since) / 60_000)
  process.stdout.write(
    `slash64 serve, idle, ${nics} NICs on one router: ${cpu.toFixed(2)} CPU seconds a minute, ${residentMiB()} MiB resident\n`,
  )
  expect(log.slice(logged)).toBe("")
  // A look a minute, of which the window's ends may hold one more or less.
  const looks = lab.router.commands.slice(asked)
  expect(new Set(looks)).toEqual(new Set(["status"]))
  expect(Math.abs(looks.length - minutes)).toBeLessThanOrEqual(1)
})

async function attach(index: number): Promise<void> {
  const headers = { "content-type": "application/json", prefer: "wait=600" }
  const sent = request({ socketPath: socket, method: "PUT", path: `/v1/nics/nic-${index}`, headers })
  sent.end(JSON.stringify({ network: "blue", host: "lab", vmId: vms[index]?.id }))
  const [response] = await once(sent, "response")
  const answer = await text(response)
  if (JSON.parse(answer).state !== "succeeded") throw new Error(answer)
}

/** Of all its threads, user and system (proc_pid_stat(5)); Linux counts a hundred ticks a second. */
function cpuSeconds(): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ")
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function residentMiB(): number {
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8")
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024)
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(50)
}
