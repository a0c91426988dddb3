import { type RouterSpec, Slash64Error } from "@slash64/core"
import { z } from "zod"
import { removeVm } from "../disk/remove-vm.ts"
import { isNative } from "../errors/translate-xapi.ts"
import { register } from "../pool/registry.ts"
import type { StoredTemplate } from "../template/find-template.ts"
import { digestKey } from "../template/template-mark.ts"
import { type OwnVm, readOwnVm, readVmsNamed } from "../vm/own-vm.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { readMark, registryKey, routerKey, routerName, toMark } from "./router-mark.ts"

/** The places of a router's own disks; whatever else somebody gave it is theirs. */
export const bootPlace = "0"
export const seedPlace = "1"
export const ownPlaces = [bootPlace, seedPlace] as const

/**
 * A clone of the template that bears the router's mark and is registered. One that was cloned and no more is found by
 * its name and the template's mark on it, and taken up.
 */
export async function makeVm(
  xapi: Xapi,
  router: RouterSpec,
  template: StoredTemplate,
  signal: AbortSignal,
): Promise<void> {
  const left = await readUnregistered(xapi, router.id, undefined, signal)
  const uuid = left.find((vm) => isUsable(vm, router))?.uuid ?? (await clone(xapi, router, template, signal))
  const vm = await readOwnVm(xapi, uuid, signal)
  if (vm === undefined) throw takenAway(router.id)
  if (vm.other_config[routerKey] === undefined) await mark(xapi, vm, router, signal)
  await register(xapi, registryKey(router.id), uuid, signal)
}

/** The VMs of this router that are not the registered one: left by a program that died, or that lost a race. */
export async function readUnregistered(
  xapi: Xapi,
  id: string,
  registered: string | undefined,
  signal: AbortSignal,
): Promise<readonly OwnVm[]> {
  const named = await readVmsNamed(xapi, routerName(id), signal)
  return named.filter(({ uuid, other_config }) => {
    const isOurs = other_config[routerKey] === undefined ? digestKey in other_config : readMark(other_config)?.id === id
    return isOurs && uuid !== registered
  })
}

export async function removeUnregistered(
  xapi: Xapi,
  id: string,
  registered: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (const vm of await readUnregistered(xapi, id, registered, signal)) await removeVm(xapi, vm, ownPlaces, signal)
}

export function takenAway(id: string): Slash64Error {
  return new Slash64Error("ABORTED", `the router ${id} was removed while it was started`, { hint: "Call again." })
}

function isUsable({ other_config }: OwnVm, router: RouterSpec): boolean {
  const marked = other_config[routerKey]
  return marked === undefined ? other_config[digestKey] === router.templateDigest : marked === toMark(router)
}

async function clone(xapi: Xapi, router: RouterSpec, template: StoredTemplate, signal: AbortSignal): Promise<string> {
  const ref = await xapi.change(z.string(), signal, "VM.clone", template.vm.ref, routerName(router.id))
  return xapi.read(z.string(), signal, "VM.get_uuid", ref)
}

/** Two that take up the same clone find each other's mark; one that came second to register lost its clone already. */
async function mark(xapi: Xapi, vm: OwnVm, router: RouterSpec, signal: AbortSignal): Promise<void> {
  try {
    await xapi.change(z.literal(""), signal, "VM.add_to_other_config", vm.ref, routerKey, toMark(router))
  } catch (error) {
    if (!isNative(error, "MAP_DUPLICATE_KEY", "HANDLE_INVALID")) throw error
  }
}
