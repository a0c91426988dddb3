import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { open, readFile, rm, writeFile } from "node:fs/promises"
import { setTimeout as delay } from "node:timers/promises"
import { Slash64Error } from "@slash64/core"

/** A program that is process 1 of namespaces of its own, so that its end is the end of all that it started. */
export interface Supervisor {
  /** The process on this machine that holds the namespaces. */
  readonly pid: number
  /** Process 1 of the namespaces, as this machine numbers it. */
  readonly initPid: number
}

export interface SupervisorRequest {
  /** A shell script that ends on SIGTERM; with `hold: "caller"` also at the end of its standard input. */
  readonly script: string
  readonly args: readonly string[]
  /** A file that is to tell which process it is. */
  readonly record: string
  /** Gets all that it writes. */
  readonly logFile: string
  /** `caller`: ends with this process, however that ends. `detached`: stays until it is told to end. */
  readonly hold: "caller" | "detached"
  /** A network of its own, which ends with it. */
  readonly ownNetwork?: boolean
}

/** Starts it. The next process finds one that is detached with {@link findSupervisor}. */
export async function startSupervisor(request: SupervisorRequest): Promise<Supervisor> {
  const log = await open(request.logFile, "a", 0o600)
  try {
    const namespaces = ["--mount", "--propagation", "unchanged", "--pid", "--mount-proc", "--fork", "--kill-child"]
    if (request.ownNetwork === true) namespaces.push("--net")
    const child = spawn("unshare", [...namespaces, "sh", request.script, ...request.args, request.hold], {
      detached: true,
      stdio: [request.hold === "caller" ? "pipe" : "ignore", log.fd, log.fd],
    })
    const failed = new Promise<never>((_, reject) => child.once("error", reject))
    child.unref()
    if (child.stdin !== null && "unref" in child.stdin && typeof child.stdin.unref === "function") child.stdin.unref()
    const supervisor = await Promise.race([failed, findInit(child.pid, request.logFile)])
    await writeFile(request.record, JSON.stringify(supervisor))
    return supervisor
  } finally {
    await log.close()
  }
}

/** The one of this record while it runs. */
export async function findSupervisor(record: string, script: string): Promise<Supervisor | undefined> {
  const text = await readFile(record, "utf8").catch(() => undefined)
  if (text === undefined) return undefined
  const found: unknown = JSON.parse(text)
  if (typeof found !== "object" || found === null || !("pid" in found) || !("initPid" in found)) return undefined
  if (typeof found.pid !== "number" || typeof found.initPid !== "number") return undefined
  // The number may be another process's by now.
  const command = await readFile(`/proc/${found.initPid}/cmdline`, "utf8").catch(() => "")
  return command.split("\0").includes(script) ? { pid: found.pid, initPid: found.initPid } : undefined
}

/** Ends it with all that it started, and resolves when it is gone. Already gone: success. */
export async function stopSupervisor(supervisor: Supervisor, record: string, timeoutMs = 30_000): Promise<void> {
  signal(supervisor.initPid, "SIGTERM")
  const kill = setTimeout(() => signal(supervisor.initPid, "SIGKILL"), timeoutMs)
  await ended(supervisor.pid)
  clearTimeout(kill)
  await rm(record, { force: true })
}

/** Resolves when no process of this number runs. */
export async function ended(pid: number): Promise<void> {
  while (isAlive(pid)) await delay(20)
}

/** Whether a process of this number runs; one that has ended and waits for its parent to notice does not. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2))
  } catch {
    return false
  }
}

async function findInit(pid: number | undefined, logFile: string): Promise<Supervisor> {
  const started = pid ?? 0
  while (isAlive(started)) {
    const children = await readFile(`/proc/${started}/task/${started}/children`, "utf8").catch(() => "")
    const initPid = Number.parseInt(children, 10)
    if (initPid > 0) return { pid: started, initPid }
    await delay(5)
  }
  const said = await readFile(logFile, "utf8")
  throw new Slash64Error("FAILED_PRECONDITION", `unshare did not start: ${said.trim().slice(-500)}`, {
    hint: "run as root, on a machine that allows mount and pid namespaces",
  })
}

/** Sends a signal; a process that is gone is a success. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (isAlive(pid)) throw error
  }
}
