import { execFileSync, spawn, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"

const main = join(import.meta.dirname, "../../tools/lab/src/main.ts")

export interface LabRun {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  readonly tookMs: number
}

/** A lab of its own: its own libvirtd, directory and names, so that it runs beside any other. */
export class TestLab {
  readonly dir: string = mkdtempSync("/tmp/slash64-road-")
  readonly uri: string = `qemu:///system?socket=${this.dir}/libvirtd/run/libvirt-sock`

  up(...options: readonly string[]): Promise<LabRun> {
    return this.run(["up", "--private-libvirtd", "--json", ...options])
  }

  /** Runs one command of the lab; `interruptAt`: it gets the signal, Ctrl-C's, when it says so. */
  async run(args: readonly string[], interruptAt?: string, signal: NodeJS.Signals = "SIGINT"): Promise<LabRun> {
    const started = performance.now()
    const child = spawn(process.execPath, [main, ...args, "--dir", this.dir], { stdio: ["ignore", "pipe", "pipe"] })
    let stdout = ""
    let stderr = ""
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()))
    let interrupted = interruptAt === undefined
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString()
      if (interrupted || !stderr.includes(interruptAt ?? "")) return
      interrupted = true
      child.kill(signal)
    })
    const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve))
    return { exitCode, stdout, stderr, tookMs: Math.round(performance.now() - started) }
  }

  virsh(...args: readonly string[]): string {
    return execFileSync("virsh", ["-q", "-c", this.uri, ...args], { encoding: "utf8", timeout: 60_000 }).trim()
  }

  /** Name of the guest's domain. */
  guest(): string {
    return this.#domain("slash64-lab-guest-")
  }

  /** Name of the router's domain. */
  router(): string {
    return this.#domain("slash64-router-")
  }

  #domain(prefix: string): string {
    const name = lines(this.virsh("list", "--all", "--name")).find((one) => one.startsWith(prefix))
    if (name === undefined) throw new Error(`no domain ${prefix}*`)
    return name
  }

  /** The network devices that libvirt made for it, and its own bridge. */
  links(): readonly string[] {
    const bridges = lines(this.virsh("net-list", "--name")).map(
      (name) => /bridge name='([^']+)'/.exec(this.virsh("net-dumpxml", name))?.[1] ?? name,
    )
    const ports = lines(this.virsh("list", "--name")).flatMap((name) =>
      lines(this.virsh("domiflist", name)).map((line) => line.trim().split(/\s+/)[0] ?? ""),
    )
    return [...bridges, ...ports].filter(linkExists)
  }

  /** Every process of this machine that names the lab's directory, but those of this test. */
  processes(): readonly string[] {
    return processIds()
      .map(commandOf)
      .filter((command) => command.includes(this.dir))
  }

  /** The QEMU process of a domain, as this machine numbers it. */
  qemuOf(domain: string): number {
    const found = processIds().find((pid) => {
      const command = commandOf(pid)
      return command.includes("qemu-system") && command.includes(`guest=${domain},`) && command.includes(this.dir)
    })
    if (found === undefined) throw new Error(`no QEMU of ${domain}`)
    return Number(found)
  }

  /** For the end of a test, whatever happened in it. */
  async remove(): Promise<void> {
    if (existsSync(join(this.dir, "lab.json"))) await this.run(["down"])
    rmSync(this.dir, { recursive: true, force: true })
  }
}

export function linkExists(name: string): boolean {
  return spawnSync("ip", ["link", "show", "dev", name]).status === 0
}

function processIds(): readonly string[] {
  return readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))
}

function commandOf(pid: string): string {
  try {
    return readFileSync(join("/proc", pid, "cmdline"), "utf8").replaceAll("\0", " ")
  } catch {
    return ""
  }
}

function lines(text: string): readonly string[] {
  return text.split("\n").filter((line) => line.trim() !== "")
}
