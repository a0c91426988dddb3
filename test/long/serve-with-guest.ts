import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { promisify } from "node:util"
import { Steps, connectGuestAgent, guestDomainXml, openGuestImage, openTemplate, waitForGuest } from "@slash64/tool-lab"
import type { GuestAgent } from "@slash64/tool-lab"
import { startKvmGround } from "../integration/kvm-ground.ts"
import type { KvmGround } from "../integration/kvm-ground.ts"

const run = promisify(execFile)
const main = join(import.meta.dirname, "../../packages/cli/src/main.ts")

/** A libvirtd with the lab's guest on it, without a NIC, and a `slash64 serve` beside it that knows no host and no template yet. */
export interface ServeWithGuest {
  readonly ground: KvmGround
  readonly agent: GuestAgent
  readonly socket: string
  /** Of the router template. */
  readonly manifest: string
  readonly env: NodeJS.ProcessEnv
  /** Sends a request to the server, with a patient `Prefer`. */
  curl(path: string, ...options: readonly string[]): Promise<string>
  stop(): Promise<void>
}

/** The guest runs as `web1`, under this UUID. */
export async function startServeWithGuest(vmId: string): Promise<ServeWithGuest> {
  const signal = new AbortController().signal
  const ground = await startKvmGround()
  const env = { ...process.env, XDG_STATE_HOME: join(ground.dir, "state") }
  const template = await openTemplate(new Steps(() => {}), signal)
  const manifest = join(ground.dir, "manifest.json")
  const file = join(ground.dir, basename(template.file))
  copyFileSync(template.file, file)
  writeFileSync(manifest, JSON.stringify({ ...template, file, format: "qcow2" }))
  const agent = await bootGuest(ground, vmId, signal)
  const socket = join(ground.dir, "state/slash64/serve.sock")
  const serve = spawn(process.execPath, [main, "serve", "--every", "5"], { env, stdio: "ignore" })
  while (!existsSync(socket)) await delay(100)
  return {
    ground,
    agent,
    socket,
    manifest,
    env,
    async curl(path, ...options) {
      const wait = ["--header", "prefer: wait=60"]
      const request = ["--silent", "--unix-socket", socket, ...wait, ...options, `http://localhost${path}`]
      return (await run("curl", request)).stdout
    },
    async stop() {
      serve.kill("SIGTERM")
      if (serve.exitCode === null) await once(serve, "exit")
      await ground.stop()
    },
  }
}

/** The lab's guest, with no NIC yet. */
async function bootGuest(ground: KvmGround, uuid: string, signal: AbortSignal): Promise<GuestAgent> {
  const { dir, libvirtd } = ground
  const folder = join(dir, "guest")
  mkdirSync(folder)
  const image = await openGuestImage(signal)
  const placed = { kernel: join(folder, "vmlinuz"), initramfs: join(folder, "initramfs") }
  copyFileSync(image.kernel, placed.kernel)
  copyFileSync(image.initramfs, placed.initramfs)
  const consoleLog = "/var/log/libvirt/web1.log"
  const file = join(folder, "web1.xml")
  writeFileSync(file, guestDomainXml({ ...placed, uuid, name: "web1", lab: dir, accel: "tcg", consoleLog }))
  ground.virsh("define", file)
  ground.virsh("start", "web1")
  const agent = connectGuestAgent(libvirtd.uri, "web1", signal)
  await waitForGuest(agent, join(dir, "log/web1.log"), 300_000)
  return agent
}
