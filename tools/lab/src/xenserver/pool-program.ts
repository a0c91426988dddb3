import { execFile, spawn } from "node:child_process"
import { mkdir, open, readFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { promisify } from "node:util"
import { Slash64Error } from "@slash64/core"
import { z } from "zod"
import { askControl } from "../daemons/ask-control.ts"
import { isAlive } from "../daemons/supervisor.ts"

const run = promisify(execFile)
const main = join(import.meta.dirname, "../../../xapi-lab-host/src/main.ts")
const startMs = 60_000

const shownShape = z.object({
  urls: z.tuple([z.string()], z.string()),
  certificates: z.array(z.string()),
  certificateFiles: z.tuple([z.string()], z.string()),
  user: z.string(),
  passwordFile: z.string(),
  ssh: z.tuple([z.object({ port: z.number(), hostKey: z.string() })], z.unknown()),
  identity: z.string(),
})

/** How a pool of tools/xapi-lab-host is reached, as the program that runs it says. */
export type LabPool = z.infer<typeof shownShape>

/** Starts the program with one host, to stay until {@link powerOffPool}, or finds the one that runs on `dir`. */
export async function ensurePool(dir: string, accel: "kvm" | "tcg", signal: AbortSignal): Promise<LabPool> {
  const running = await findPool(dir)
  if (running !== undefined) return running
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const logFile = join(dir, "program.log")
  const log = await open(logFile, "a", 0o600)
  const child = spawn(process.execPath, [main, "start", "--dir", dir, "--accel", accel], {
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
  })
  child.unref()
  await log.close()
  const deadline = Date.now() + startMs
  for (;;) {
    const pool = await findPool(dir)
    if (pool !== undefined) return pool
    signal.throwIfAborted()
    if (Date.now() > deadline || !isAlive(child.pid ?? 0)) {
      const said = (await readFile(logFile, "utf8")).trim().slice(-500)
      throw new Slash64Error("FAILED_PRECONDITION", `the XAPI lab host did not start: ${said}`, {
        hint: "run as root with openvswitch-switch, qemu-system-x86 and openssh-server installed",
      })
    }
    await delay(50)
  }
}

/** Undefined when it does not run. */
export async function findPool(dir: string): Promise<LabPool | undefined> {
  const shown = await askPool(dir, "show", {}).catch(() => undefined)
  return shown === undefined ? undefined : shownShape.parse(shown)
}

export function askPool(dir: string, method: string, params: unknown): Promise<unknown> {
  return askControl(join(dir, "control"), method, params)
}

/** The program, its host and the VMs on it are gone. Absent: success. */
export async function powerOffPool(dir: string): Promise<void> {
  await run(process.execPath, [main, "power-off", "--dir", dir])
}
