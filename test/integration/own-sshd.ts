import { execFileSync, spawn, type ChildProcess } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { connect, createServer } from "node:net"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"

/** A real sshd on loopback with keys of its own, for the user who runs the test. */
export interface OwnSshd {
  readonly port: number
  /** The host's public key, as a known_hosts line without names. */
  readonly hostKey: string
  readonly privateKey: string
  /** Path of the private key. */
  readonly identity: string
  /** Ends it with every session. */
  readonly stop: () => Promise<void>
}

export async function startOwnSshd(dir: string): Promise<OwnSshd> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  mkdirSync("/run/sshd", { recursive: true })
  const [host, user] = [join(dir, "host"), join(dir, "user")]
  for (const file of [host, user]) execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file])
  const port = await freePort()
  const config = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${host}`,
    `AuthorizedKeysFile ${user}.pub`,
    "PidFile none",
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
  ]
  writeFileSync(join(dir, "sshd_config"), `${config.join("\n")}\n`)
  const sshd = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", join(dir, "sshd_config")], { stdio: "ignore" })
  await listening(port, sshd)
  return {
    port,
    hostKey: readFileSync(`${host}.pub`, "utf8").trim(),
    privateKey: readFileSync(user, "utf8"),
    identity: user,
    async stop() {
      if (sshd.exitCode !== null || sshd.signalCode !== null) return
      for (const pid of childrenOf(sshd.pid ?? 0)) process.kill(pid, "SIGKILL")
      sshd.kill()
      await new Promise((resolve) => sshd.once("exit", resolve))
    },
  }
}

/** sshd's sessions are its children, and outlive it. */
function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
  return text
    .split(" ")
    .filter((part) => part !== "")
    .map(Number)
}

async function listening(port: number, sshd: ChildProcess): Promise<void> {
  const deadline = AbortSignal.timeout(10_000)
  for (;;) {
    deadline.throwIfAborted()
    if (sshd.exitCode !== null) throw new Error(`sshd ended with ${sshd.exitCode}; openssh-server must be installed`)
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(socket.destroy().destroyed))
      socket.once("error", () => resolve(false))
    })
    if (open) return
    await delay(20)
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === "string") throw new Error("no port was given")
  return address.port
}
