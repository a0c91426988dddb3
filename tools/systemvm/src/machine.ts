import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFile, writeFile } from "node:fs/promises"
import { connect, createServer } from "node:net"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { Slash64Error } from "@slash64/core"
import { runCommand } from "./run-command.ts"

export interface MachineRequest {
  /** A directory for this machine alone: overlay, console, monitor. */
  readonly directory: string
  readonly template: string
  /** The seed disk's file; absent: a machine without one. */
  readonly seed?: string
  readonly controlMac: string
  readonly guestMac: string
  readonly accelerator?: "tcg" | "kvm"
  /** `ide`: both disks on the IDE bus, as a hypervisor without paravirtual disks gives them. */
  readonly bus?: "virtio" | "ide"
  /** An OVMF image: boots by UEFI. Absent: BIOS. */
  readonly firmware?: string
  /** More words of QEMU's command line. */
  readonly more?: readonly string[]
}

export interface Machine {
  /** The router's sshd, behind a port of this machine's loopback; the router's control address is {@link controlAddress}. */
  readonly port: number
  console(): Promise<string>
  /** Waits until the console shows the text; DEADLINE_EXCEEDED with the console's end when the signal fires. */
  waitFor(text: string, signal: AbortSignal): Promise<void>
  /** A line for QEMU's monitor. */
  command(line: string): Promise<void>
  /** CPU seconds that QEMU has used; after its end, those of the last look. */
  cpuSeconds(): Promise<number>
  /** Resolves when QEMU has ended by itself. */
  readonly ended: Promise<void>
  /** As a power cut: nothing is shut down. */
  kill(): Promise<void>
}

/** What the seed of a machine here must give as its static control address. */
export const controlAddress = "10.0.2.15/24"

/** Boots a template in a bare QEMU with user-mode networks: 1 vCPU, 256 MiB, no root needed. For tests and benchmarks. */
export async function startMachine(request: MachineRequest): Promise<Machine> {
  const { directory, template } = request
  const [disk, console, monitor] = [
    join(directory, "disk.qcow2"),
    join(directory, "console.log"),
    join(directory, "qemu"),
  ]
  await writeFile(console, "")
  await runCommand("qemu-img", ["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", template, disk])
  const port = await freePort()
  const words = qemuArguments(request, { disk, console, monitor, port })
  const qemu = spawn("qemu-system-x86_64", words, { stdio: ["ignore", "ignore", "inherit"] })
  const ended = once(qemu, "exit").then(() => undefined)
  let cpuSeconds = 0
  const readConsole = () => readFile(console, "utf8")
  return {
    port,
    ended,
    console: readConsole,
    async cpuSeconds() {
      // proc(5): user and system time are the 12th and 13th words behind the name, in hundredths of a second.
      const line = await readFile(`/proc/${qemu.pid}/stat`, "utf8").catch(() => "")
      const ticks = line.split(") ")[1]?.split(" ").slice(11, 13).map(Number) ?? []
      cpuSeconds = Math.max(cpuSeconds, ticks.reduce((sum, each) => sum + each, 0) / 100)
      return cpuSeconds
    },
    async waitFor(text, signal) {
      while (!(await readConsole()).includes(text)) {
        if (signal.aborted || qemu.exitCode !== null) {
          const shown = (await readConsole()).slice(-2000)
          throw new Slash64Error("DEADLINE_EXCEEDED", `console: no ${JSON.stringify(text)}; it ends with:\n${shown}`)
        }
        await sleep(50)
      }
    },
    async command(line) {
      const socket = connect(monitor)
      await once(socket, "data")
      socket.write(`${line}\n`)
      await sleep(100)
      socket.destroy()
    },
    async kill() {
      if (qemu.exitCode === null && qemu.signalCode === null) qemu.kill("SIGKILL")
      await ended
    },
  }
}

interface MachineFiles {
  readonly disk: string
  readonly console: string
  readonly monitor: string
  readonly port: number
}

function qemuArguments(request: MachineRequest, files: MachineFiles): readonly string[] {
  const { accelerator = "tcg", bus = "virtio", firmware, seed } = request
  const forward = `hostfwd=tcp:127.0.0.1:${files.port}-${controlAddress.split("/")[0]}:22`
  // QEMU has no IDE hard disk that is read-only.
  const readOnly = bus === "ide" ? "" : ",readonly=on"
  const words = [
    accelerator === "kvm" ? "-accel kvm -cpu host" : "-accel tcg,thread=multi -cpu max",
    "-machine pc -smp 1 -m 256 -nodefaults -no-user-config -display none",
    `-serial file:${files.console} -monitor unix:${files.monitor},server=on,wait=off`,
    firmware === undefined ? "" : `-drive if=pflash,format=raw,readonly=on,file=${firmware}`,
    `-drive if=${bus},format=qcow2,file=${files.disk}`,
    seed === undefined ? "" : `-drive if=${bus},format=raw${readOnly},file=${seed}`,
    `-netdev user,id=control,restrict=on,${forward}`,
    `-device virtio-net-pci,netdev=control,mac=${request.controlMac},romfile=`,
    "-netdev user,id=guest,restrict=on",
    `-device virtio-net-pci,netdev=guest,mac=${request.guestMac},romfile=`,
    "-device virtio-rng-pci",
  ]
  return [...words.flatMap((line) => line.split(" ").filter(Boolean)), ...(request.more ?? [])]
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  if (address === null || typeof address === "string") throw new Error("a TCP server without a port")
  return address.port
}
