import { spawn } from "node:child_process"
import { mkdir, open, readFile, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { Slash64Error } from "@slash64/core"
import { ended, isAlive, signal } from "../daemons/supervisor.ts"
import { ensureSshdFiles } from "./sshd-files.ts"

/** An SSH server of the lab's own on 127.0.0.1, for root, by the lab's own key alone. */
export interface LoopbackSshd {
  readonly port: number
  /** `ssh-ed25519 AAAA...` */
  readonly hostKey: string
  /** Path of the private key to log in with. */
  readonly identity: string
}

/** Starts it, or finds the one that runs on this directory. `environment` is set in every session. */
export async function ensureLoopbackSshd(
  dir: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<LoopbackSshd> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  // The same port as before: it stands in the host's record.
  const known = Number(await readFile(join(dir, "port"), "utf8").catch(() => ""))
  const port = known > 0 ? known : await freePort()
  const variables = Object.entries(environment).map(([name, value]) => `SetEnv ${name}=${value}`)
  const files = await ensureSshdFiles(dir, [`Port ${port}`, "ListenAddress 127.0.0.1", ...variables])
  const sshd: LoopbackSshd = { port, hostKey: files.hostKey, identity: files.identity }
  if ((await findPort(dir)) !== undefined) return sshd

  await writeFile(join(dir, "port"), String(port))
  const log = await open(join(dir, "sshd.log"), "a", 0o600)
  const child = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", files.config], {
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
  })
  child.unref()
  await log.close()
  const deadline = Date.now() + 10_000
  while ((await findPort(dir)) === undefined) {
    if (Date.now() > deadline || !isAlive(child.pid ?? 0)) {
      throw new Slash64Error("FAILED_PRECONDITION", `sshd did not start; see ${join(dir, "sshd.log")}`, {
        hint: "run as root with openssh-server installed",
      })
    }
    await delay(20)
  }
  return sshd
}

/** Ends it. Absent: success. */
export async function stopLoopbackSshd(dir: string): Promise<void> {
  const pid = await pidOf(dir)
  if (pid === undefined) return
  signal(pid, "SIGTERM")
  await ended(pid)
  await rm(join(dir, "sshd.pid"), { force: true })
}

/** sshd writes its pid file once it listens. */
async function findPort(dir: string): Promise<number | undefined> {
  return (await pidOf(dir)) === undefined ? undefined : Number(await readFile(join(dir, "port"), "utf8"))
}

async function pidOf(dir: string): Promise<number | undefined> {
  const pid = Number.parseInt(await readFile(join(dir, "sshd.pid"), "utf8").catch(() => ""), 10)
  if (!(pid > 0)) return undefined
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")
  return command.includes(join(dir, "sshd_config")) ? pid : undefined
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(0, "127.0.0.1", resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === "string") throw new Error("no port was given")
  return address.port
}
