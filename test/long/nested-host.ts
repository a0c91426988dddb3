import { execFileSync, spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import type { FileEntry } from "@slash64/tool-systemvm"
import {
  buildInitramfs,
  compressInitramfs,
  defaultCacheDir,
  fetchPackages,
  readKernel,
  unpackPackages,
} from "@slash64/tool-systemvm"

const packages = ["busybox-static", "linux-image-amd64"] as const
const modules = ["virtio_pci", "virtio_net", "9pnet_virtio", "9p", "overlay"] as const
const applets = ["sh", "cp", "mkdir", "modprobe", "mount", "switch_root"] as const

/** A hypervisor host in a VM: libvirtd, QEMU and 802.1Q under Debian's standard kernel, and KVM that works. */
export class NestedHost {
  readonly port: number
  readonly hostKey: string
  readonly identity: string
  /** What went over the uplink, as a pcap file. */
  readonly capture: string
  readonly #qemu: ChildProcess
  readonly #console: string

  private constructor(dir: string, port: number, qemu: ChildProcess) {
    this.port = port
    this.hostKey = readFileSync(join(dir, "host_ed25519.pub"), "utf8").trim()
    this.identity = join(dir, "login_ed25519")
    this.capture = join(dir, "uplink.pcap")
    this.#console = join(dir, "console.log")
    this.#qemu = qemu
  }

  /** Resolves when its libvirtd answers. */
  static async start(dir: string): Promise<NestedHost> {
    const image = await buildImage(dir)
    const port = await freePort()
    makeSshFiles(dir)
    const qemu = spawn("qemu-system-x86_64", qemuArguments(dir, image, port), {
      stdio: ["ignore", "inherit", "inherit"],
    })
    const host = new NestedHost(dir, port, qemu)
    try {
      while (!host.answers()) {
        if (qemu.exitCode !== null) throw new Error(`the nested host ended:\n${host.consoleText()}`)
        await delay(2000)
      }
      return host
    } catch (error) {
      host.stop()
      throw error
    }
  }

  get uri(): string {
    return `qemu+ssh://root@127.0.0.1:${this.port}/system`
  }

  /** The same for virsh. */
  get virshUri(): string {
    return `${this.uri}?keyfile=${this.identity}&no_verify=1&no_tty=1`
  }

  run(command: string): string {
    const options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
    const target = ["-i", this.identity, "-p", String(this.port), "root@127.0.0.1"]
    return execFileSync("ssh", [...options, ...target, command], { encoding: "utf8", timeout: 60_000 })
  }

  consoleText(): string {
    return existsSync(this.#console) ? readFileSync(this.#console, "utf8").slice(-2000) : ""
  }

  stop(): void {
    this.#qemu.kill("SIGKILL")
  }

  private answers(): boolean {
    try {
      this.run("virsh -c qemu:///system version")
      return true
    } catch {
      return false
    }
  }
}

interface Image {
  readonly kernel: string
  readonly initramfs: string
  /** The tree that holds lib/modules. */
  readonly unpacked: string
}

async function buildImage(dir: string): Promise<Image> {
  const fetched = await fetchPackages({ names: packages, cacheDir: defaultCacheDir })
  const version = fetched.find(({ name }) => name.startsWith("linux-image-"))?.version ?? "unknown"
  const unpacked = join(defaultCacheDir, `nested-host-${version.replaceAll(/[^\w.+~-]/g, "_")}`)
  await unpackPackages(fetched, unpacked)
  const kernel = await readKernel(unpacked)
  execFileSync("depmod", ["-b", unpacked, kernel.release])
  const cpio = await buildInitramfs({
    unpacked,
    programs: ["bin/busybox"],
    kernel: kernel.release,
    modules,
    applets,
    files: new Map<string, FileEntry>([
      ["init", script("nested-host-init.sh")],
      ["start", script("nested-host-start.sh")],
    ]),
  })
  const image = { kernel: join(dir, "vmlinuz"), initramfs: join(dir, "initramfs"), unpacked }
  writeFileSync(image.kernel, kernel.image)
  writeFileSync(image.initramfs, await compressInitramfs(cpio))
  return image
}

function script(name: string): FileEntry {
  return { kind: "file", mode: 0o755, bytes: readFileSync(join(import.meta.dirname, name)) }
}

function qemuArguments(dir: string, image: Image, port: number): string[] {
  const words = ["console=ttyS0", "quiet", "panic=-1", "net.ifnames=0", "apparmor=0", "audit=0"]
  words.push(`slash64.dir=${dir}`, `slash64.modules=${image.unpacked}`)
  const options: string[] = []
  options.push("-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "2560")
  options.push("-nodefaults", "-no-user-config", "-no-reboot", "-display", "none")
  options.push("-serial", `file:${join(dir, "console.log")}`)
  options.push("-kernel", image.kernel, "-initrd", image.initramfs, "-append", words.join(" "))
  options.push("-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap")
  options.push("-device", "virtio-9p-pci,fsdev=root,mount_tag=root")
  options.push("-netdev", `user,id=control,hostfwd=tcp:127.0.0.1:${port}-:22`)
  options.push("-device", "virtio-net-pci,netdev=control,mac=52:54:00:64:00:01")
  // A backend that takes every frame and answers none of a VLAN: a hub with one port would take nothing.
  options.push("-netdev", "user,id=uplink,restrict=on")
  options.push("-device", "virtio-net-pci,netdev=uplink,mac=52:54:00:64:00:02")
  options.push("-object", `filter-dump,id=dump,netdev=uplink,file=${join(dir, "uplink.pcap")}`)
  return options
}

function makeSshFiles(dir: string): void {
  mkdirSync(dir, { recursive: true })
  for (const name of ["host_ed25519", "login_ed25519"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", join(dir, name)])
  }
  const config = [
    `HostKey ${join(dir, "host_ed25519")}`,
    `AuthorizedKeysFile ${join(dir, "login_ed25519.pub")}`,
    "PermitRootLogin prohibit-password",
    "PasswordAuthentication no",
    "StrictModes no",
    "UsePAM no",
    "UseDNS no",
    "",
  ]
  writeFileSync(join(dir, "sshd_config"), config.join("\n"))
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === "string") throw new Error("no port was given")
  return address.port
}
