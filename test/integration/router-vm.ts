import { execFile, spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { connect, createServer, type AddressInfo } from "node:net"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import type { RouterControl, RouterEndpoint, RouterState } from "@slash64/core"
import type { SshKey } from "@slash64/router"
import { buildTemplate } from "@slash64/tool-systemvm"
import ssh2 from "ssh2"

const exec = promisify(execFile)

/** A router VM under QEMU's own emulation, its guest NIC on a tap and its sshd behind a port of this machine. */
export interface RouterVm {
  readonly endpoint: RouterEndpoint
  /** What the router printed on its console. */
  console(): Promise<string>
  /** As a power cut does: no shutdown. */
  powerOff(): Promise<void>
  powerOn(): Promise<void>
}

export interface RouterVmRequest {
  readonly directory: string
  readonly tap: string
  readonly state: RouterState
  readonly control: RouterControl
}

/** Builds the template where it is not built yet, and boots a router from it. */
export async function startRouterVm({ directory, tap, state, control }: RouterVmRequest): Promise<RouterVm> {
  const template = join(import.meta.dirname, "../../.cache/systemvm/test")
  const { file } = await buildTemplate({ outDir: template, installMissing: true })
  await mkdir(directory, { recursive: true })
  const disk = join(directory, "router.qcow2")
  await exec("qemu-img", ["create", "-q", "-f", "qcow2", "-b", join(template, file), "-F", "qcow2", disk])
  const { routerId, guestMac, controlMac, serverDuid } = state
  const seed = { routerId, guestMac, controlMac, serverDuid, controlAddress: "10.64.0.15/24" }
  await writeFile(join(directory, "seed.img"), await control.seed(seed), { mode: 0o600 })
  const port = await freePort()
  const args = qemuArguments({ directory, tap, state, port })
  let qemu: ChildProcess | undefined

  const vm: RouterVm = {
    endpoint: {
      routerId,
      vmId: routerId,
      hostKey: (await control.identity(routerId)).hostKey,
      async open({ signal }) {
        const socket = connect({ host: "127.0.0.1", port, noDelay: true, signal })
        await once(socket, "connect", { signal })
        return socket
      },
    },
    console: () => readFile(join(directory, "console.log"), "utf8"),
    async powerOff() {
      if (qemu === undefined || qemu.exitCode !== null) return
      qemu.kill("SIGKILL")
      await once(qemu, "exit")
      qemu = undefined
    },
    async powerOn() {
      qemu = spawn("qemu-system-x86_64", args, { stdio: ["ignore", "ignore", "inherit"] })
      await sshAnswers(port, AbortSignal.timeout(90_000))
    },
  }
  await vm.powerOn()
  return vm
}

/** What an administrator who holds the management key does by hand. */
export async function runOnRouter(vm: RouterVm, key: SshKey, command: string): Promise<string> {
  const sock = await vm.endpoint.open({
    requestId: "test",
    signal: AbortSignal.timeout(100_000),
    report: () => undefined,
  })
  const client = new ssh2.Client()
  const ready = once(client, "ready")
  client.connect({ sock, username: "root", privateKey: key.privateKey })
  await ready
  const output = await new Promise<string>((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) reject(error)
      else resolve(text(channel))
    })
  })
  client.end()
  return output
}

// prettier-ignore
function qemuArguments(request: Omit<RouterVmRequest, "control"> & { readonly port: number }): readonly string[] {
  const { directory, tap, state, port } = request
  const forward = `tcp:127.0.0.1:${port}-10.64.0.15:22`
  return [
    "-accel", "tcg,thread=multi,tb-size=64", "-cpu", "max", "-machine", "q35", "-m", "256", "-smp", "1",
    "-nodefaults", "-display", "none", "-serial", `file:${join(directory, "console.log")}`,
    "-drive", `if=virtio,format=qcow2,file=${join(directory, "router.qcow2")}`,
    "-drive", `if=virtio,format=raw,readonly=on,file=${join(directory, "seed.img")}`,
    "-netdev", `user,id=control,net=10.64.0.0/24,restrict=on,hostfwd=${forward}`,
    "-device", `virtio-net-pci,netdev=control,mac=${state.controlMac},romfile=`,
    "-netdev", `tap,id=guest,ifname=${tap},script=no,downscript=no`,
    "-device", `virtio-net-pci,netdev=guest,mac=${state.guestMac},romfile=`,
  ]
}

/** QEMU takes the connection itself, so only the banner tells that the router's sshd is there. */
async function sshAnswers(port: number, signal: AbortSignal): Promise<void> {
  while (!(await readsBanner(port))) {
    signal.throwIfAborted()
    await sleep(200)
  }
}

async function readsBanner(port: number): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port })
  const banner = Promise.race([
    once(socket, "data").then(([chunk]) => String(chunk).startsWith("SSH-2.0-")),
    once(socket, "close").then(() => false),
    sleep(3000).then(() => false),
  ])
  return banner.catch(() => false).finally(() => socket.destroy())
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a listening TCP server has
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}
