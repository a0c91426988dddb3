import { execFile, spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { promisify } from "node:util"
import { routerIdFor } from "@slash64/core"
import { startPostgres } from "@slash64/tool-lab"
import type { OwnPostgres } from "@slash64/tool-lab"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { startCliLab } from "../cli/cli-lab.ts"
import type { CliAnswer, CliLab } from "../cli/cli-lab.ts"
import { startGate } from "./gate.ts"
import type { Gate } from "./gate.ts"

const run = promisify(execFile)
const vms = Array.from({ length: 40 }, (_, index) => ({
  id: `5f0c1c1e-7a52-4b1c-9f6a-${String(index).padStart(12, "0")}`,
  name: `web${index}`,
}))

let postgres: OwnPostgres
let schemas = 0

beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.remove())

describe("two slash64 serve on one PostgreSQL", () => {
  let lab: CliLab
  let a: Server
  let b: Server
  let servers: Server[] = []
  /** Each change or set of files that the router answered, in order. */
  let answers: { readonly revision: number; readonly code: string }[]

  beforeEach(async () => {
    const db = await postgres.openSchema(`serve${++schemas}`)
    lab = await startCliLab()
    for (const command of [
      ["host", "add", "lab", "--plugin", "memory"],
      ["network", "create", "blue", "--ipv6", "2001:db8:0:1::/64", "--isolated", "--ra", "router"],
      ["template", "register", lab.writeTemplate()],
      ["router", "start", "blue"],
    ])
      await succeed(lab.run([...command, "--db", db]))
    answers = []
    const answer = lab.router.run.bind(lab.router)
    lab.router.run = (line, body) => {
      const given = answer(line, body)
      const [verb, ...words] = line.split(" ")
      const code = /"error":"(\w+)"/.exec(given.stdout)?.[1] ?? "taken"
      if (verb === "change" || verb === "apply")
        answers.push({ revision: Number(words[verb === "change" ? 0 : 1]), code })
      return given
    }
    servers = []
    servers.push((a = await startServer(lab, db, "a")))
    servers.push((b = await startServer(lab, db, "b")))
  })

  afterEach(async () => {
    for (const server of servers) await server.end()
    await lab.close()
  })

  it("converges the router by one of them at a time, whoever is asked", async () => {
    let [inFlight, most] = [0, 0]
    lab.router.faults.delay = async (line) => {
      if (!/^(change|apply) /.test(line)) return
      most = Math.max(most, ++inFlight)
      await delay(10)
      inFlight -= 1
    }
    const states = await Promise.all(vms.map((_, index) => attach(index % 2 === 0 ? a : b, index)))
    const [byA, byB] = [a, b].map((server) => server.log().match(/"msg":"router converged"/g)?.length ?? 0)
    process.stdout.write(
      `${vms.length} attaches by two servers: ${byA} and ${byB} converges of one router, ${most} at once\n`,
    )
    expect(states).toEqual(vms.map(() => "attached"))
    expect(lab.router.reservations).toHaveLength(vms.length)
    expect(most).toBe(1)
    expect((byA ?? 0) + (byB ?? 0)).toBeGreaterThan(0)
  })

  it.for(["SIGSTOP", "SIGKILL"] as const)(
    "goes on without one that got %s in its push, and the router refuses what that one had sent",
    async (signal) => {
      await attach(a, 0)
      a.gate.shut()
      const cutOff = attach(a, 1).catch(() => "cut off")
      await until(() => a.gate.kept > 0)
      a.child.kill(signal)
      const began = performance.now()
      expect(await attach(b, 2)).toBe("attached")
      const waitedMs = Math.round(performance.now() - began)
      expect(b.log()).toMatch(/"takenFrom":"[^"]+","fence":\d+,.*taken over/)
      a.gate.open()
      await until(() => answers.some(({ code }) => code === "STALE"))
      const seen = answers.map(({ revision, code }) => `${revision} ${code}`).join(", ")
      process.stdout.write(`${signal}: the other went on after ${waitedMs} ms; the router saw ${seen}\n`)
      const taken = answers.filter(({ code }) => code === "taken").map(({ revision }) => revision)
      expect(taken).toEqual(taken.toSorted((one, other) => one - other))
      if (signal === "SIGSTOP") a.child.kill("SIGCONT")
      expect(await cutOff).toBe(signal === "SIGSTOP" ? "attached" : "cut off")
      // Where nobody asks again, the other server finds it half attached.
      await until(async () => (await stateOf(b, 1)) === "attached")
      expect(lab.router.reservations).toHaveLength(3)
    },
  )
})

async function succeed(running: Promise<CliAnswer>): Promise<void> {
  const answer = await running
  if (answer.exitCode !== 0) throw new Error(answer.stderr)
}

interface Server {
  readonly child: ChildProcess
  readonly gate: Gate
  readonly socket: string
  log(): string
  end(): Promise<void>
}

async function startServer(lab: CliLab, db: string, name: string): Promise<Server> {
  const gate = await startGate(lab.routerPort)
  const socket = join(lab.folder, `${name}.sock`)
  const program = join(import.meta.dirname, "../cli/slash64-process.ts")
  const child = spawn(process.execPath, [program, "serve", "--db", db, "--socket", socket, "--every", "1"], {
    env: {
      ...process.env,
      XDG_STATE_HOME: join(lab.folder, "state"),
      SLASH64_TEST: JSON.stringify({ port: gate.port, routerId: routerIdFor("blue"), vms: vms.map(asRunning) }),
    },
    stdio: ["ignore", "ignore", "pipe"],
  })
  let log = ""
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()))
  const exited = once(child, "exit")
  await until(() => {
    if (child.exitCode !== null) throw new Error(log)
    return log.includes("listening")
  })
  return {
    child,
    gate,
    socket,
    log: () => log,
    async end() {
      child.kill("SIGKILL")
      await exited
      gate.close()
    },
  }
}

function asRunning(vm: { readonly id: string; readonly name: string }) {
  return { ...vm, running: true, persistent: true }
}

/** The state in which the NIC of a VM is after its attach. */
async function attach(server: Server, index: number): Promise<string> {
  const body = JSON.stringify({ network: "blue", host: "lab", vmId: vms[index]?.id })
  const answer = await curl(
    server,
    `/v1/nics/nic-${index}`,
    "--request",
    "PUT",
    "--json",
    body,
    "-H",
    "prefer: wait=60",
  )
  const { state, result } = JSON.parse(answer)
  if (state !== "succeeded") throw new Error(answer)
  return result.nic.state
}

async function stateOf(server: Server, index: number): Promise<string> {
  return JSON.parse(await curl(server, `/v1/nics/nic-${index}`)).state
}

async function curl(server: Server, path: string, ...options: readonly string[]): Promise<string> {
  const args = ["--silent", "--show-error", "--unix-socket", server.socket, ...options, `http://localhost${path}`]
  return (await run("curl", args)).stdout
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(20)
}
