import { type Call, type HostRouter, parseId } from "@slash64/core"
import { findRegistered, listRegistered } from "../pool/registry.ts"
import { type OwnVm, ownVmShape } from "../vm/own-vm.ts"
import { readRecords } from "../xapi/read-records.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { type MarkedRouter, readMark, registryKey } from "./router-mark.ts"

export interface OwnRouter {
  readonly router: MarkedRouter
  readonly vm: OwnVm
}

export async function findOwnRouter(xapi: Xapi, id: string, signal: AbortSignal): Promise<OwnRouter | undefined> {
  const vm = await findRegistered(xapi, registryKey(id), signal)
  const router = vm && readMark(vm.other_config)
  return vm !== undefined && router?.id === id ? { router, vm } : undefined
}

export async function listOwnRouters(xapi: Xapi, signal: AbortSignal): Promise<readonly OwnRouter[]> {
  const registered = await listRegistered(xapi, "router", signal)
  if (registered.size === 0) return []
  const vms = await readRecords(xapi, "VM", ownVmShape, signal)
  return vms.flatMap((vm) => {
    const router = registered.has(vm.uuid) ? readMark(vm.other_config) : undefined
    return router === undefined ? [] : [{ router, vm }]
  })
}

export async function findRouter(xapi: Xapi, id: string, { signal }: Call): Promise<HostRouter | undefined> {
  const found = await findOwnRouter(xapi, parseId("router.id", id), signal)
  return found && toHostRouter(found)
}

export async function listRouters(xapi: Xapi, { signal }: Call): Promise<readonly HostRouter[]> {
  return (await listOwnRouters(xapi, signal)).map(toHostRouter)
}

export function toHostRouter({ router, vm }: OwnRouter): HostRouter {
  const { id, templateDigest, controlMac, nics } = router
  return { id, templateDigest, running: vm.power_state === "Running", controlMac, nics }
}
