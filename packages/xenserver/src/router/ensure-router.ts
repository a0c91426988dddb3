import { type Call, type HostRouter, type RouterSpec, Slash64Error, checkAborted } from "@slash64/core"
import { z } from "zod"
import { type Drive, readDisk, readDrives } from "../disk/read-disks.ts"
import { removeVm } from "../disk/remove-vm.ts"
import { isNative } from "../errors/translate-xapi.ts"
import type { HostParts } from "../parts.ts"
import { requireTemplate } from "../template/find-template.ts"
import type { OwnVm } from "../vm/own-vm.ts"
import { setAutoPowerOn } from "./auto-power-on.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { checkRouter } from "./check-router.ts"
import { type OwnRouter, findOwnRouter, toHostRouter } from "./find-router.ts"
import { bootPlace, makeVm, ownPlaces, removeUnregistered, takenAway } from "./make-vm.ts"
import { type MarkedRouter, routerName } from "./router-mark.ts"
import { type RouterPort, ensurePorts, planPorts } from "./router-ports.ts"
import { ensureSeed } from "./seed-disk.ts"

const nothing = z.literal("")

/** The router exists and runs. */
export async function ensureRouter(parts: HostParts, router: RouterSpec, call: Call): Promise<HostRouter> {
  return makeRouter(
    parts,
    router,
    async (vm) => {
      call.report({ step: "starting router" })
      await setAutoPowerOn(parts.xapi, vm, true, call.signal)
      await start(parts.xapi, vm, call.signal)
    },
    call,
  )
}

/** The router exists and can be started at once. It inherits from its template that it starts with its host. */
export async function prepareRouter(parts: HostParts, router: RouterSpec, call: Call): Promise<HostRouter> {
  return makeRouter(parts, router, (vm) => setAutoPowerOn(parts.xapi, vm, false, call.signal), call)
}

/**
 * The VM is cloned, marked and registered first, so that what is half-made is found; all that follows looks at what is
 * there and makes what is missing.
 */
async function makeRouter(
  parts: HostParts,
  router: RouterSpec,
  end: (vm: OwnVm) => Promise<void>,
  call: Call,
): Promise<HostRouter> {
  const { xapi, config } = parts
  const { signal } = call
  checkAborted(signal)
  const seed = checkRouter(router, config)
  const found = await findOwnRouter(xapi, router.id, signal)
  if (found !== undefined) refuseOther(found.router, router)
  if (found?.vm.power_state === "Running") return toHostRouter(found)
  const ports = await planPorts(xapi, router, config, signal)
  const own = (found && (await unlessHalfRemoved(xapi, found, signal))) ?? (await make(xapi, router, signal))
  await removeUnregistered(xapi, router.id, own.vm.uuid, signal)
  await finish(parts, own, { seed, ports }, signal)
  await end(own.vm)
  const made = await findOwnRouter(xapi, router.id, signal)
  if (made === undefined) throw takenAway(router.id)
  return toHostRouter(made)
}

async function make(xapi: Xapi, router: RouterSpec, signal: AbortSignal): Promise<OwnRouter> {
  await makeVm(xapi, router, await requireTemplate(xapi, router.templateDigest, signal), signal)
  // Another program may have been first: then it is its router.
  const made = await findOwnRouter(xapi, router.id, signal)
  if (made === undefined) throw takenAway(router.id)
  refuseOther(made.router, router)
  return made
}

/** A removal that was cut off has taken the disk and left the VM. */
async function unlessHalfRemoved(
  xapi: Xapi,
  { router, vm }: OwnRouter,
  signal: AbortSignal,
): Promise<OwnRouter | undefined> {
  if (bootDrive(await readDrives(xapi, vm, signal)) !== undefined) return { router, vm }
  await removeVm(xapi, vm, ownPlaces, signal)
  return undefined
}

async function finish(
  parts: HostParts,
  { router, vm }: OwnRouter,
  { seed, ports }: { readonly seed: Buffer; readonly ports: readonly RouterPort[] },
  signal: AbortSignal,
): Promise<void> {
  const { xapi } = parts
  if (vm.is_a_template) await xapi.change(nothing, signal, "VM.provision", vm.ref)
  await setSize(xapi, vm, router, signal)
  const boot = bootDrive(await readDrives(xapi, vm, signal))
  const disk = boot && (await readDisk(xapi, boot.VDI, signal))
  if (disk === undefined) throw takenAway(router.id)
  const name = routerName(router.id)
  if (disk.name_label !== name) await xapi.change(nothing, signal, "VDI.set_name_label", disk.ref, name)
  const storage = await xapi.read(z.string(), signal, "VDI.get_SR", disk.ref)
  await ensureSeed(parts, router.id, vm, { seed, storage }, signal)
  await ensurePorts(xapi, router.id, vm, ports, signal)
}

function bootDrive(drives: readonly Drive[]): Drive | undefined {
  return drives.find(({ userdevice }) => userdevice === bootPlace)
}

async function setSize(xapi: Xapi, vm: OwnVm, { vcpus, memoryMiB }: MarkedRouter, signal: AbortSignal): Promise<void> {
  // XAPI holds at_startup to be no more than max, whichever is set first.
  const raised = ["VCPUs_max", "VCPUs_at_startup"] as const
  const fields = vcpus > vm.VCPUs_max ? raised : raised.toReversed()
  for (const field of fields) {
    if (vm[field] !== vcpus) await xapi.change(nothing, signal, `VM.set_${field}`, vm.ref, vcpus)
  }
  const bytes = memoryMiB * 1024 * 1024
  if (vm.memory_static_max === bytes) return
  await xapi.change(nothing, signal, "VM.set_memory_limits", vm.ref, bytes, bytes, bytes, bytes)
}

async function start(xapi: Xapi, vm: OwnVm, signal: AbortSignal): Promise<void> {
  if (vm.power_state === "Paused") return void (await xapi.change(nothing, signal, "VM.unpause", vm.ref))
  // Its state is on its disk: a router that was suspended is quicker to boot than to trust.
  if (vm.power_state === "Suspended") await xapi.change(nothing, signal, "VM.hard_shutdown", vm.ref)
  try {
    await xapi.change(nothing, signal, "VM.start", vm.ref, false, false)
  } catch (error) {
    if (!isNative(error, "VM_BAD_POWER_STATE")) throw error
  }
}

function shapeOf(
  one: Pick<RouterSpec, "templateDigest" | "controlMac" | "nics"> & { controlAddress?: string | undefined },
) {
  const nics = one.nics.map(({ networkId, mac }) => [networkId, mac])
  return JSON.stringify([one.templateDigest, one.controlMac, one.controlAddress ?? "", nics])
}

function refuseOther(found: MarkedRouter, router: RouterSpec): void {
  if (shapeOf(found) === shapeOf(router)) return
  const fields = ["templateDigest", "controlMac", "controlAddress"] as const
  const other = fields.filter((field) => found[field] !== router[field])
  const words = other.length === 0 ? "other NICs" : `another ${other.join(", ")}`
  throw new Slash64Error("ALREADY_EXISTS", `the router ${router.id} is on this pool with ${words}`, {
    field: "router",
    value: router.id,
    hint: "Give the same spec, or remove the router from the pool first.",
  })
}
