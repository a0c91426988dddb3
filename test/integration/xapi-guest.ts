import { mkdirSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import {
  buildInitramfs,
  commandLine,
  makeDisk,
  readKernel,
  textFile,
  unpackRouterPackages,
} from "@slash64/tool-systemvm"
import type { XapiSession } from "./xapi-client.ts"
import { makeGoldenTemplate } from "./xapi-golden.ts"
import type { XapiGround } from "./xapi-ground.ts"

/** A VM whose guest is a Linux with drivers that does nothing: it answers hot plug. Gives its UUID, started. */
export async function startIdleGuest(ground: XapiGround, xapi: XapiSession): Promise<string> {
  const { vm, vdi } = await makeGoldenTemplate(xapi)
  await makeIdleDisk(ground, await xapi.text("VDI.get_uuid", vdi))
  await xapi.call("VM.provision", vm)
  await xapi.call("VM.start", vm, false, false)
  const deadline = AbortSignal.timeout(120_000)
  while ((await xapi.text("VM.get_guest_metrics", vm)) === "OpaqueRef:NULL") {
    deadline.throwIfAborted()
    await delay(200)
  }
  return xapi.text("VM.get_uuid", vm)
}

/** Put in the place of the VDI's bytes. */
async function makeIdleDisk({ directory }: XapiGround, vdiUuid: string): Promise<void> {
  const unpacked = await unpackRouterPackages()
  const { release, image } = await readKernel(unpacked)
  const init = [
    "#!/bin/busybox sh",
    "/bin/busybox modprobe virtio_pci",
    "/bin/busybox modprobe virtio_rng",
    "while :; do /bin/busybox sleep 1000; done",
  ]
  const initramfs = await buildInitramfs({
    unpacked,
    programs: ["bin/busybox"],
    kernel: release,
    modules: ["virtio_pci", "virtio_rng"],
    files: new Map([["init", textFile(`${init.join("\n")}\n`, 0o755)]]),
    applets: [],
  })
  const workDir = join(directory, "guest")
  mkdirSync(workDir)
  const file = join(directory, "xapi/sr", `${vdiUuid}.raw`)
  const efiLoader = await readFile(join(unpacked, "usr/lib/systemd/boot/efi/systemd-bootx64.efi"))
  await makeDisk({ file, workDir, kernel: image, initramfs, commandLine, efiLoader })
}
