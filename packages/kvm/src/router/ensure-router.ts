import { createHash } from "node:crypto"
import { type Call, type HostRouter, type RouterSpec, Slash64Error, checkAborted, quote } from "@slash64/core"
import { isNative } from "../errors/translate-libvirt.ts"
import { chooseVirtualization } from "../host/virtualization.ts"
import type { HostParts } from "../libvirt/parts.ts"
import { routerName, uuidOf } from "../names.ts"
import { requireNetwork } from "../network/find-network.ts"
import { type NicWire, wireOf } from "../nic/interface-xml.ts"
import { type StoredTemplate, findTemplate } from "../template/find-template.ts"
import { type Storage, storageOf } from "../template/storage.ts"
import { overlayVolumeXml, rawVolumeXml } from "../template/template-volumes.ts"
import { checkRouter } from "./check-router.ts"
import { ensureControlNetwork } from "./control-network.ts"
import { findMarkedRouter, findRouter, refuseForeignRouter } from "./find-router.ts"
import { type MarkedRouter, routerXml } from "./router-xml.ts"

/** The router exists and runs. */
export async function ensureRouter(parts: HostParts, router: RouterSpec, call: Call): Promise<HostRouter> {
  return makeRouter(
    parts,
    router,
    async () => {
      call.report({ step: "starting router" })
      await parts.libvirt.domains.setAutostart(uuidOf("router", router.id), true, call.signal)
      await parts.libvirt.domains.start(uuidOf("router", router.id), call.signal)
    },
    call,
  )
}

/** The router exists and can be started at once. */
export async function prepareRouter(parts: HostParts, router: RouterSpec, call: Call): Promise<HostRouter> {
  return makeRouter(parts, router, async () => undefined, call)
}

/**
 * The domain comes first and its volumes after it, so that what is half-made can be listed, and the next call finds what
 * is missing.
 */
async function makeRouter(
  parts: HostParts,
  router: RouterSpec,
  start: () => Promise<void>,
  call: Call,
): Promise<HostRouter> {
  const { signal } = call
  const { domains } = parts.libvirt
  checkAborted(signal)
  const seed = checkRouter(router, parts.config)
  const seedDigest = createHash("sha256").update(seed).digest("hex")
  const found = await findMarkedRouter(parts.libvirt, router.id, signal)
  if (found === undefined) await refuseForeignRouter(parts.libvirt, router.id, signal)
  else refuseOther(found.router, router)
  // What counts when a router is made stays as it was made.
  const asMade = found?.router ?? { ...router, seedDigest }
  if (found?.domain.running !== true) {
    const template = await requireTemplate(parts, router, signal)
    const wires = await wiresOf(parts, router, signal)
    const control = await ensureControlNetwork(parts, signal)
    const storage = storageOf(parts.config)
    const { disk, seedDisk } = volumesOf(router.id)
    const virtualization = await chooseVirtualization(parts, signal)
    const ground = {
      virtualization,
      controlNetwork: control.name,
      disk: `${storage.directory}/${disk}`,
      seed: `${storage.directory}/${seedDisk}`,
      seedDigest: asMade.seedDigest,
      wires,
    }
    const { vcpus, memoryMiB } = asMade
    await domains.define(routerXml({ ...router, vcpus, memoryMiB }, ground).markup, signal)
    await makeOverlay(parts, storage, disk, template, signal)
    if (asMade.seedDigest === seedDigest) await writeSeed(parts, storage, seedDisk, seed, signal)
    await start()
  }
  const made = await findRouter(parts.libvirt, router.id, call)
  if (made !== undefined) return made
  throw new Slash64Error("ABORTED", `the router ${router.id} was removed while it was started`, { hint: "Call again." })
}

/** The names of a router's volumes. */
export function volumesOf(routerId: string): { readonly disk: string; readonly seedDisk: string } {
  const name = routerName(routerId)
  return { disk: `${name}.qcow2`, seedDisk: `${name}-seed.img` }
}

async function requireTemplate(parts: HostParts, router: RouterSpec, signal: AbortSignal): Promise<StoredTemplate> {
  const template = await findTemplate(parts, router.templateDigest, signal)
  if (template !== undefined) return template
  throw new Slash64Error("NOT_FOUND", `the template ${quote(router.templateDigest)} is not on this host`, {
    field: "router.templateDigest",
    value: quote(router.templateDigest),
    hint: "Ensure the template on the host first.",
  })
}

async function wiresOf(
  parts: HostParts,
  router: RouterSpec,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, NicWire>> {
  const wires = new Map<string, NicWire>()
  for (const { networkId } of router.nics) {
    const network = await requireNetwork(parts.libvirt, networkId, signal)
    wires.set(networkId, wireOf(network))
  }
  return wires
}

async function makeOverlay(
  parts: HostParts,
  storage: Storage,
  disk: string,
  template: StoredTemplate,
  signal: AbortSignal,
): Promise<void> {
  const backing = { path: template.volume.path, format: template.format }
  await createOnce(parts, storage, overlayVolumeXml(disk, backing).markup, signal)
}

/** Written at every start: the disk is small, and one whose writing was cut off is healed. */
async function writeSeed(
  parts: HostParts,
  storage: Storage,
  seedDisk: string,
  seed: Buffer,
  signal: AbortSignal,
): Promise<void> {
  await createOnce(parts, storage, rawVolumeXml(seedDisk, seed.length, "0600").markup, signal)
  await parts.libvirt.pools.upload(storage.pool, seedDisk, [seed], seed.length, signal)
}

async function createOnce(parts: HostParts, storage: Storage, volume: string, signal: AbortSignal): Promise<void> {
  try {
    await parts.libvirt.pools.createVolume(storage.pool, volume, signal)
  } catch (error) {
    if (!isNative(error, "VIR_ERR_STORAGE_VOL_EXIST")) throw error
  }
}

type RouterShape = Pick<RouterSpec, "templateDigest" | "controlMac" | "controlAddress" | "nics">

function shapeOf(one: RouterShape): string {
  const nics = one.nics.map(({ networkId, mac }) => [networkId, mac])
  return JSON.stringify([one.templateDigest, one.controlMac, one.controlAddress ?? null, nics])
}

function refuseOther(found: MarkedRouter, router: RouterSpec): void {
  if (shapeOf(found) === shapeOf(router)) return
  const other = [
    found.templateDigest === router.templateDigest ? undefined : "template",
    found.controlMac === router.controlMac ? undefined : "control MAC",
  ].filter((part) => part !== undefined)
  throw new Slash64Error(
    "ALREADY_EXISTS",
    `the router ${router.id} is on this host with another ${other.join(", ") || "spec"}`,
    {
      field: "router",
      value: router.id,
      hint: "Give the same spec, or remove the router from the host first.",
    },
  )
}
