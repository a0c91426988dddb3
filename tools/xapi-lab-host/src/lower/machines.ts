import { spawn } from "node:child_process"
import { mkdir, open, readFile, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { isDictionary } from "../model/types.ts"
import type { PortSpec, VmSpec } from "./lower-half.ts"
import { GuestPort } from "./guest-port.ts"
import { type Accel, portObjects, qemuWords } from "./qemu-words.ts"
import { type Qmp, openQmp } from "./qmp.ts"
import { runProgram } from "./run-program.ts"

const quitMs = 5000
const startMs = 60_000

interface Machine {
  readonly qmp: Qmp
  readonly agent: GuestPort
  readonly gone: Promise<void>
}

/** The QEMU processes of one host, each known by its VM's UUID; they outlive the process that started them. */
export class Machines {
  readonly #directory: string
  readonly #enter: readonly string[]
  readonly #accel: Accel
  readonly #ended: (vmId: string) => Promise<void>
  readonly #running = new Map<string, Machine>()
  #closed = false

  /** `enter`: the words that run a program on the host; `ended` is called when a machine is gone, before anybody hears. */
  constructor(
    {
      directory,
      enter,
      accel,
    }: { readonly directory: string; readonly enter: readonly string[]; readonly accel: Accel },
    ended: (vmId: string) => Promise<void>,
  ) {
    this.#directory = directory
    this.#enter = enter
    this.#accel = accel
    this.#ended = ended
  }

  /** Finds those that an earlier process has started. */
  async resume(): Promise<void> {
    await mkdir(this.#directory, { recursive: true })
    for (const vmId of await readdir(this.#directory)) {
      const qmp = await openQmp(this.#filesOf(vmId).monitor).catch(() => undefined)
      if (qmp !== undefined) this.#watch(vmId, qmp)
      else await this.#ended(vmId)
    }
  }

  has(vmId: string): boolean {
    return this.#running.has(vmId)
  }

  async start(vm: VmSpec): Promise<void> {
    const files = this.#filesOf(vm.id)
    for (const socket of [files.monitor, files.agent]) await rm(socket, { force: true })
    await mkdir(join(this.#directory, vm.id), { recursive: true })
    const [program = "", ...words] = [...this.#enter, "qemu-system-x86_64", ...qemuWords(vm, files, this.#accel)]
    const log = await open(files.log, "w")
    const child = spawn(program, words, { detached: true, stdio: ["ignore", log.fd, log.fd] })
    const failed = new Promise<never>((_, reject) => child.once("error", reject))
    child.unref()
    await log.close()
    const deadline = Date.now() + startMs
    const qmp = await Promise.race([failed, this.#firstWord(files, () => child.exitCode ?? undefined, deadline)])
    this.#watch(vm.id, qmp)
  }

  async powerOff(vmId: string): Promise<void> {
    const machine = this.#running.get(vmId)
    if (machine === undefined) return
    void machine.qmp.execute("quit").catch(() => undefined)
    const kill = setTimeout(() => void this.#kill(vmId), quitMs)
    await machine.gone
    clearTimeout(kill)
  }

  async shutDown(vmId: string, signal: AbortSignal): Promise<void> {
    const machine = this.#running.get(vmId)
    if (machine === undefined) return
    await machine.qmp.execute("system_powerdown")
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(new Error("nobody waits for the guest any more")), { once: true })
    })
    await Promise.race([machine.gone, aborted])
  }

  async tell(vmId: string, command: "system_reset" | "stop" | "cont"): Promise<void> {
    await this.#qmp(vmId).execute(command)
  }

  /** The firmware drives disks too, so these are not asked. */
  async hasDrivers(vmId: string): Promise<boolean> {
    const qmp = this.#qmp(vmId)
    const devices = await qmp.execute("x-query-virtio")
    if (!Array.isArray(devices)) return false
    for (const device of devices) {
      if (!isDictionary(device) || device["name"] === "virtio-blk") continue
      const status = await qmp.execute("x-query-virtio-status", { path: device["path"] })
      if (isDictionary(status) && JSON.stringify(status["status"]).includes("VIRTIO_CONFIG_S_DRIVER_OK")) return true
    }
    return false
  }

  /** Whether an agent in the guest listens. */
  async hasAgent(vmId: string): Promise<boolean> {
    const devices = await this.#qmp(vmId).execute("query-chardev")
    if (!Array.isArray(devices)) return false
    return devices.some((one) => isDictionary(one) && one["label"] === "agent" && one["frontend-open"] === true)
  }

  askAgent(vmId: string, command: string, words?: Readonly<Record<string, unknown>>): Promise<unknown> {
    return this.#find(vmId).agent.ask(command, words)
  }

  async plug(vmId: string, port: PortSpec): Promise<void> {
    const { netdev, device } = portObjects(port)
    await this.#qmp(vmId).execute("netdev_add", { type: "tap", ...netdev })
    await this.#qmp(vmId).execute("device_add", { driver: "virtio-net-pci", ...device })
  }

  async unplug(vmId: string, port: PortSpec): Promise<void> {
    const qmp = this.#qmp(vmId)
    const { netdev, device } = portObjects(port)
    const deleted = qmp.event("DEVICE_DELETED")
    await qmp.execute("device_del", { id: device.id })
    await deleted
    await qmp.execute("netdev_del", { id: netdev.id })
  }

  /** They run on. */
  close(): void {
    this.#closed = true
    for (const { qmp, agent } of this.#running.values()) {
      qmp.close()
      agent.close()
    }
  }

  #qmp(vmId: string): Qmp {
    return this.#find(vmId).qmp
  }

  #find(vmId: string): Machine {
    const machine = this.#running.get(vmId)
    if (machine === undefined) throw new Error(`VM ${vmId} does not run`)
    return machine
  }

  #watch(vmId: string, qmp: Qmp): void {
    const agent = new GuestPort(this.#filesOf(vmId).agent)
    this.#running.set(vmId, { qmp, agent, gone: this.#untilGone(vmId, qmp, agent) })
  }

  async #untilGone(vmId: string, qmp: Qmp, agent: GuestPort): Promise<void> {
    await qmp.ended
    agent.close()
    // Until then it is on its way out: who switches it off once more waits for the same end.
    if (!this.#closed) await this.#ended(vmId)
    this.#running.delete(vmId)
  }

  async #firstWord(
    files: { readonly monitor: string; readonly log: string },
    exitCode: () => number | undefined,
    deadline: number,
  ): Promise<Qmp> {
    for (;;) {
      const qmp = await openQmp(files.monitor).catch(() => undefined)
      if (qmp !== undefined) return qmp
      if (exitCode() !== undefined || Date.now() > deadline) {
        throw new Error(`QEMU did not start: ${(await readFile(files.log, "utf8")).trim().slice(-1000)}`)
      }
      await delay(20)
    }
  }

  async #kill(vmId: string): Promise<void> {
    // QEMU takes the file away when it is about to end by itself.
    const pid = (await readFile(this.#filesOf(vmId).pid, "utf8").catch(() => "")).trim()
    if (pid === "") return
    const [program, ...words] = [...this.#enter, "kill", "-9", pid]
    await runProgram(program, words)
  }

  #filesOf(vmId: string) {
    const at = (name: string): string => join(this.#directory, vmId, name)
    return { console: at("console.log"), monitor: at("qmp"), agent: at("agent"), pid: at("pid"), log: at("qemu.log") }
  }
}
