import { execFileSync } from "node:child_process"
import { createHash, randomBytes, randomUUID } from "node:crypto"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import type { TemplateSpec } from "@slash64/core"
import { type Libvirtd, startLibvirtd } from "@slash64/tool-lab"
import {
  buildInitramfs,
  defaultCacheDir,
  fetchPackages,
  readKernel,
  textFile,
  unpackPackages,
} from "@slash64/tool-systemvm"

/** A libvirtd of the tests' own, and what they put on it. */
export interface KvmGround {
  readonly libvirtd: Libvirtd
  readonly dir: string
  /** The plugin's configuration for it: its own storage, and a control bridge that no lab on this machine has. */
  readonly config: { readonly uri: string; readonly storage: string; readonly control: { readonly range: string } }
  /** Bytes of no meaning: a router of it runs, and boots nothing. */
  readonly template: TemplateSpec
  virsh(...args: readonly string[]): string
  /** A VM whose guest is a Linux that answers hot plug. Gives its UUID, started. */
  startGuest(how?: { readonly transient?: boolean }): Promise<string>
  /** A VM that is off. */
  defineHalted(name?: string): string
  /** All that does not bear our mark. */
  foreign(): Promise<unknown>
  stop(): Promise<void>
}

export async function startKvmGround(): Promise<KvmGround> {
  const dir = mkdtempSync("/tmp/slash64-kvm-")
  const libvirtd = await startLibvirtd({ dir, private: true, hideKvm: true })
  const storage = join(dir, "images/slash64")
  const subnet = randomBytes(4)
    .toString("hex")
    .replace(/^(.{4})/, "$1:")
  const virsh = (...args: readonly string[]) =>
    execFileSync("virsh", ["--quiet", "--connect", libvirtd.uri, ...args], { encoding: "utf8" })
  const define = (xml: string, verb: "define" | "create"): void => {
    const file = join(dir, `${randomUUID()}.xml`)
    writeFileSync(file, xml)
    virsh(verb, file)
  }
  return {
    libvirtd,
    dir,
    config: { uri: libvirtd.uri, storage, control: { range: `fd64:${subnet}::/64` } },
    template: makeTemplate(dir),
    virsh,
    async startGuest({ transient = false } = {}) {
      const uuid = randomUUID()
      define(guestXml(uuid, await idleGuest(dir)), transient ? "create" : "define")
      if (!transient) virsh("start", uuid)
      await untilBooted(join(dir, "log", `${uuid}.log`))
      return uuid
    },
    defineHalted(name) {
      const uuid = randomUUID()
      define(
        `<domain type="qemu"><name>${name ?? `halted-${uuid}`}</name><uuid>${uuid}</uuid>${bareMachine}</domain>`,
        "define",
      )
      return uuid
    },
    async foreign() {
      const volumes = virsh("pool-list", "--all", "--name")
        .split("\n")
        .filter((pool) => pool !== "" && !pool.startsWith("slash64"))
      const networks = virsh("net-list", "--all", "--name")
        .split("\n")
        .filter((name) => name !== "" && !name.startsWith("s64-"))
      const domains = virsh("list", "--all", "--name")
        .split("\n")
        .filter((name) => name !== "" && !name.startsWith("slash64-router-"))
      return {
        domains: domains.map((name) => virsh("dumpxml", "--inactive", name)),
        networks: networks.map((name) => virsh("net-dumpxml", name)),
        pools: volumes.map((pool) => virsh("vol-list", pool)),
      }
    },
    async stop() {
      await libvirtd.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

const bareMachine = `<memory unit="MiB">64</memory><vcpu>1</vcpu>
<os><type arch="x86_64" machine="pc">hvm</type></os><features><acpi/></features>`

function makeTemplate(dir: string): TemplateSpec {
  const file = join(dir, "template.raw")
  const bytes = randomBytes(3 * 1024 * 1024 + 512)
  writeFileSync(file, bytes)
  return {
    digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`,
    version: "test-1",
    file,
    format: "raw",
  }
}

interface Boot {
  readonly kernel: string
  readonly initramfs: string
}

let built: Promise<Boot> | undefined

/** Debian's kernel with a busybox that does nothing: the kernel alone answers hot plug. */
function idleGuest(dir: string): Promise<Boot> {
  return (built ??= buildIdleGuest(dir))
}

async function buildIdleGuest(dir: string): Promise<Boot> {
  const packages = await fetchPackages({
    names: ["busybox-static", "linux-image-cloud-amd64"],
    cacheDir: defaultCacheDir,
  })
  const versions = packages.map(({ name, version }) => `${name} ${version}`).join("\n")
  const unpacked = join(
    defaultCacheDir,
    `idle-tree-${createHash("sha256").update(versions).digest("hex").slice(0, 16)}`,
  )
  await unpackPackages(packages, unpacked)
  const { release, image } = await readKernel(unpacked)
  const init = textFile(
    "#!/bin/busybox sh\necho guest is up >/dev/console\nwhile :; do /bin/busybox sleep 1000; done\n",
    0o755,
  )
  const initramfs = await buildInitramfs({
    unpacked,
    programs: ["bin/busybox"],
    kernel: release,
    modules: [],
    files: new Map([["init", init]]),
    applets: [],
  })
  const boot = { kernel: join(dir, "guest/vmlinuz"), initramfs: join(dir, "guest/initramfs") }
  mkdirSync(join(dir, "guest"))
  writeFileSync(boot.kernel, image)
  writeFileSync(boot.initramfs, initramfs)
  return boot
}

function guestXml(uuid: string, { kernel, initramfs }: Boot): string {
  return `<domain type="qemu"><name>guest-${uuid}</name><uuid>${uuid}</uuid>
<memory unit="MiB">192</memory><vcpu>1</vcpu>
<os><type arch="x86_64" machine="pc">hvm</type><kernel>${kernel}</kernel><initrd>${initramfs}</initrd>
<cmdline>console=ttyS0 quiet panic=-1 random.trust_cpu=on</cmdline></os>
<features><acpi/><apic/><tcg><tb-cache unit="MiB">32</tb-cache></tcg></features><cpu mode="maximum"/>
<devices><controller type="usb" model="none"/><memballoon model="none"/>
<serial type="pty"><log file="/var/log/libvirt/${uuid}.log" append="on"/></serial></devices></domain>`
}

async function untilBooted(log: string): Promise<void> {
  const deadline = Date.now() + 90_000
  while (Date.now() < deadline) {
    if (readFileSync(log, "utf8").includes("guest is up")) return
    await delay(100)
  }
  throw new Error(`the guest did not boot in 90 s; see ${log}`)
}
