import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises"
import { connect, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"
import { duidLl, parseNicMac } from "@slash64/core"
import { openKeyStore, renderSeed } from "@slash64/router"
import ssh2 from "ssh2"
import { buildTemplate, defaultCacheDir, unpackRouterPackages } from "./build-template.ts"
import { compressInitramfs } from "./compress-initramfs.ts"
import { renderCpio } from "./cpio-archive.ts"
import { textFile, type FileEntry } from "./file-tree.ts"
import { collectInitramfs } from "./initramfs.ts"
import { readKernel } from "./kernel.ts"
import { controlAddress, startMachine, type MachineRequest } from "./machine.ts"
import { commandLine } from "./template-contents.ts"

const target = 2.5

/** From QEMU's start to what counts. */
interface Boot {
  readonly seconds: number
  /** QEMU's own, which a busy machine hardly changes. */
  readonly cpuSeconds: number
}

interface Round {
  /** The template's disk, by BIOS, to the answer of a command over SSH. */
  readonly router: Boot
  /** The same kernel, handed over by QEMU, with a busybox that powers off at once, to QEMU's end. */
  readonly bare: Boot
}

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "7" }, accel: { type: "string", default: "tcg" } },
})
const rounds = Number(values.rounds)
const work = await mkdtemp(join(tmpdir(), "slash64-boot-"))
try {
  const bench = await prepare(work, values.accel === "kvm" ? "kvm" : "tcg")
  const results: Round[] = []
  for (let round = 1; round <= rounds; round++) {
    const router = await bench.bootRouter()
    const bare = await bench.bootBare()
    results.push({ router, bare })
    const [seconds, bareSeconds] = [router, bare].map((boot) => boot.seconds.toFixed(2))
    process.stderr.write(`round ${round}: router ${seconds} s, bare ${bareSeconds} s\n`)
  }
  print(results)
} finally {
  await rm(work, { recursive: true, force: true })
}

function print(results: readonly Round[]): void {
  const ratios = (pick: (boot: Boot) => number) => results.map(({ router, bare }) => pick(router) / pick(bare))
  show(
    "boot to SSH answer",
    "s",
    results.map(({ router }) => router.seconds),
  )
  show(
    "bare kernel",
    "s",
    results.map(({ bare }) => bare.seconds),
  )
  show(
    "ratio of QEMU's CPU time",
    "x",
    ratios((boot) => boot.cpuSeconds),
  )
  show(
    `ratio (target ${target})`,
    "x",
    ratios((boot) => boot.seconds),
  )
}

function show(name: string, unit: string, figures: readonly number[]): void {
  const sorted = figures.toSorted((one, other) => one - other)
  const [median, least, most] = [sorted[Math.floor(sorted.length / 2)], sorted[0], sorted.at(-1)]
  process.stdout.write(
    `${name}: median ${median?.toFixed(2)} ${unit}, min ${least?.toFixed(2)}, max ${most?.toFixed(2)}\n`,
  )
}

async function prepare(directory: string, accelerator: "tcg" | "kvm") {
  const outDir = join(defaultCacheDir, "bench")
  const { file } = await buildTemplate({ outDir })
  const [controlMac, guestMac] = [parseNicMac("mac", "02:64:00:00:00:02"), parseNicMac("mac", "02:64:00:00:00:01")]
  const keys = openKeyStore({ directory: join(directory, "keys") })
  const [management, host] = [await keys.managementKey(), await keys.hostKey("bench")]
  const seed = join(directory, "seed")
  const request = { routerId: "bench", controlMac, guestMac, controlAddress, serverDuid: duidLl(guestMac) }
  const seedKeys = { managementKey: management.publicKey, hostPrivateKey: host.privateKey }
  await writeFile(seed, await renderSeed(request, seedKeys))
  const machine = { template: join(outDir, file), seed, controlMac, guestMac, accelerator }
  const more = await bareBoot(directory)
  let count = 0
  const start = async (extra: Partial<MachineRequest>) => {
    const own = join(directory, String(count++))
    await mkdir(own)
    return startMachine({ ...machine, ...extra, directory: own })
  }
  return {
    async bootRouter(): Promise<Boot> {
      const startedAt = performance.now()
      const router = await start({})
      await answer(router.port, management.privateKey)
      const boot = { seconds: (performance.now() - startedAt) / 1000, cpuSeconds: await router.cpuSeconds() }
      await router.kill()
      return boot
    },
    async bootBare(): Promise<Boot> {
      const startedAt = performance.now()
      const bare = await start({ more })
      const ended = bare.ended.then(() => true)
      while (!(await Promise.race([ended, sleep(20, false)]))) await bare.cpuSeconds()
      return { seconds: (performance.now() - startedAt) / 1000, cpuSeconds: await bare.cpuSeconds() }
    },
  }
}

/** QEMU's words for the template's kernel with an init that does nothing but power off. */
async function bareBoot(directory: string): Promise<readonly string[]> {
  const unpacked = await unpackRouterPackages()
  const kernel = await readKernel(unpacked)
  const tree = await collectInitramfs({
    unpacked,
    programs: ["bin/busybox"],
    kernel: kernel.release,
    modules: [],
    applets: [],
    files: new Map<string, FileEntry>([
      ["init", textFile("#!/bin/busybox sh\nexec /bin/busybox poweroff -f\n", 0o755)],
    ]),
  })
  const [image, initramfs] = [join(directory, "vmlinuz"), join(directory, "initrd")]
  await writeFile(image, kernel.image)
  await writeFile(initramfs, await compressInitramfs(renderCpio(tree)))
  return ["-kernel", image, "-initrd", initramfs, "-append", commandLine]
}

/** A command's answer over the first connection that sshd takes up. */
async function answer(port: number, privateKey: string): Promise<void> {
  const socket = await knock(port)
  const client = new ssh2.Client()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  client.on("error", reject)
  client.on("ready", () =>
    client.exec("true", (error, channel) => {
      if (error) reject(error)
      else channel.on("exit", () => resolve())
    }),
  )
  client.connect({ sock: socket, username: "root", privateKey })
  await promise
  client.end()
}

/**
 * Knocks every 150 ms, whatever the older knocks wait for, until one hears sshd, and closes the others: each would cost
 * the router a handshake. QEMU takes every connection at once and asks the guest later, so only a banner tells.
 */
async function knock(port: number): Promise<Socket> {
  const { promise: heard, resolve } = Promise.withResolvers<Socket>()
  const sockets: Socket[] = []
  const deadline = performance.now() + 120_000
  while (performance.now() < deadline) {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true }).on("error", () => undefined)
    sockets.push(socket)
    const giveUp = setTimeout(() => socket.destroy(), 600)
    socket.once("readable", () => {
      clearTimeout(giveUp)
      // The end of a connection is readable too.
      if (socket.readableLength > 0) resolve(socket)
    })
    const first = await Promise.race([heard, sleep(150)])
    if (first === undefined) continue
    for (const other of sockets) if (other !== first) other.destroy()
    return first
  }
  throw new Error("no answer over SSH within 120 s")
}
