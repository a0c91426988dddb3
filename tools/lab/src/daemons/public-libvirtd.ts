import { execFile } from "node:child_process"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { isSlash64Error, Slash64Error } from "@slash64/core"
import type { Libvirtd, LibvirtdRequest } from "../libvirtd.ts"
import { answers } from "./socket.ts"
import { ended, signal } from "./supervisor.ts"

const run = promisify(execFile)

/** What libvirtd, and a host with modular daemons, serve QEMU's driver on. */
const sockets = ["/run/libvirt/libvirt-sock", "/run/libvirt/virtqemud-sock"] as const

/** The libvirtd of this machine, started without systemd when none answers. */
export async function startPublicLibvirtd(request: LibvirtdRequest): Promise<Libvirtd> {
  for (const socket of sockets) {
    if (await answers(socket)) return toPublic(request.dir, socket)
  }
  // Debian's package of libvirt's own networks would have made the second one.
  for (const folder of ["/run/libvirt", "/var/lib/libvirt/dnsmasq"]) await mkdir(folder, { recursive: true })
  await mkdir(join(request.dir, "dev"), { recursive: true })
  if (request.hideKvm) await writeFile(join(request.dir, "qemu.conf"), await qemuConfWithoutNamespaces())
  const script = join(import.meta.dirname, "public-libvirtd.sh")
  const withVirtlogd = String(!(await answers("/run/libvirt/virtlogd-sock")))
  const command = ["sh", script, request.dir, String(request.hideKvm), withVirtlogd]
  const [program = "sh", ...args] = request.hideKvm
    ? ["unshare", "--mount", "--propagation", "unchanged", ...command]
    : command
  try {
    await run(program, args, { timeout: 60_000, ...(request.signal === undefined ? {} : { signal: request.signal }) })
    return await firstAnswer(request)
  } catch (error) {
    if (isSlash64Error(error)) throw error
    throw new Slash64Error("FAILED_PRECONDITION", `libvirtd did not start: ${message(error)}`, {
      hint: "run as root with libvirt-daemon-system installed; `journalctl -u libvirtd` or /var/log/libvirt may say more",
      cause: error,
    })
  }
}

async function firstAnswer(request: LibvirtdRequest): Promise<Libvirtd> {
  const deadline = Date.now() + 60_000
  while (!(await answers(sockets[0]))) {
    if (request.signal?.aborted === true) throw new Slash64Error("CANCELLED", "starting libvirtd was cancelled")
    if (Date.now() > deadline || (await pidIn(request.dir, "libvirtd")) === undefined) {
      throw new Error("it ended, or gave no answer in 60 s")
    }
  }
  return toPublic(request.dir, sockets[0])
}

async function toPublic(dir: string, socket: string): Promise<Libvirtd> {
  return {
    uri: "qemu:///system",
    socket,
    pid: await pidIn(dir, "libvirtd"),
    async stop() {
      await end(dir, "libvirtd")
      await end(dir, "virtlogd")
    },
  }
}

/** Moving /dev/pts, which libvirt's mount namespace of each VM does, fails where /dev is a bind mount. */
async function qemuConfWithoutNamespaces(): Promise<string> {
  const own = await readFile("/etc/libvirt/qemu.conf", "utf8")
  return `${own.replaceAll(/^\s*namespaces\s*=/gm, "#namespaces =")}\nnamespaces = []\n`
}

async function end(dir: string, daemon: "libvirtd" | "virtlogd"): Promise<void> {
  const pid = await pidIn(dir, daemon)
  if (pid !== undefined) {
    signal(pid, "SIGTERM")
    await ended(pid)
  }
  await rm(join(dir, `${daemon}.pid`), { force: true })
}

/** The daemon that was started with its pid file in `dir`, while it runs. */
async function pidIn(dir: string, daemon: "libvirtd" | "virtlogd"): Promise<number | undefined> {
  const file = join(dir, `${daemon}.pid`)
  const pid = Number.parseInt(await readFile(file, "utf8").catch(() => ""), 10)
  if (!(pid > 0)) return undefined
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")
  return command.split("\0").includes(file) ? pid : undefined
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
