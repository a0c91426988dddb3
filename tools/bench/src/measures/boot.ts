import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { duidLl, parseNicMac } from "@slash64/core"
import { openKeyStore, renderSeed } from "@slash64/router"
import {
  buildTemplate,
  collectInitramfs,
  commandLine,
  compressInitramfs,
  controlAddress,
  defaultCacheDir,
  readKernel,
  renderCpio,
  startMachine,
  textFile,
  unpackRouterPackages,
} from "@slash64/tool-systemvm"
import type { FileEntry, Machine, MachineRequest } from "@slash64/tool-systemvm"
import type { Bench, Measure, Sample } from "../measure.ts"
import { firstAnswer } from "./first-answer.ts"

export const boot: Measure = {
  id: "boot",
  title: "the router VM's boot, by QEMU without KVM",
  async run(bench) {
    const machines = await prepare(bench)
    await bench.compare({
      title: "from QEMU's start",
      by: "cost",
      target: 2.5,
      warmUps: 0,
      ours: { name: "the template's disk, by BIOS, to a command's answer over SSH", run: () => machines.bootRouter() },
      peer: {
        name: "the same kernel, handed over by QEMU, with a busybox that powers off at once",
        run: () => machines.bootBare(),
      },
    })
  },
}

async function prepare({ directory, progress, signal }: Bench) {
  const outDir = join(defaultCacheDir, "bench")
  progress("building the template")
  const { file } = await buildTemplate({ outDir, signal })
  const [controlMac, guestMac] = [parseNicMac("mac", "02:64:00:00:00:02"), parseNicMac("mac", "02:64:00:00:00:01")]
  const keys = openKeyStore({ directory: join(directory, "keys") })
  const [management, host] = [await keys.managementKey(), await keys.hostKey("bench")]
  const seed = join(directory, "seed")
  const request = { routerId: "bench", controlMac, guestMac, controlAddress, serverDuid: duidLl(guestMac) }
  const seedKeys = { managementKey: management.publicKey, hostPrivateKey: host.privateKey }
  await writeFile(seed, await renderSeed(request, seedKeys))
  const machine: Omit<MachineRequest, "directory"> = { template: join(outDir, file), seed, controlMac, guestMac }
  const more = await bareBoot(directory)
  let count = 0
  const start = async (extra: Partial<MachineRequest>, up: (machine: Machine) => Promise<void>): Promise<Sample> => {
    const own = join(directory, String(count++))
    await mkdir(own)
    const startedAt = performance.now()
    const started = await startMachine({ ...machine, ...extra, directory: own })
    try {
      await up(started)
      const seconds = (performance.now() - startedAt) / 1000
      return { operations: 1, seconds, cpuSeconds: await started.cpuSeconds() }
    } finally {
      await started.kill()
    }
  }
  return {
    bootRouter: () => start({}, ({ port }) => firstAnswer(port, management.privateKey)),
    bootBare: () =>
      start({ more }, async (bare) => {
        const ended = bare.ended.then(() => true)
        while (!(await Promise.race([ended, sleep(20, false)]))) await bare.cpuSeconds()
      }),
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
