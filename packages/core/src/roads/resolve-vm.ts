import { Slash64Error, quote } from "../errors.ts"
import type { Call } from "../plugin/call.ts"
import type { HostVm } from "../plugin/hypervisor-plugin.ts"
import { beginStep, repeat } from "./repeat.ts"
import { road } from "./road.ts"
import type { Rooms } from "./rooms.ts"

/**
 * A VM by its UUID, or once and for all by its name. NOT_FOUND when the host has none; INVALID_ARGUMENT, with the
 * UUIDs, when several bear the name.
 */
export function resolveVm(hostName: string, idOrName: string, rooms: Rooms, call: Call): Promise<HostVm> {
  return resolve({ hostName, idOrName }, rooms, call)
}

const resolve = road("resolve-vm", async ({ hostName, idOrName }: VmName, rooms, call): Promise<HostVm> => {
  beginStep(call, "looking for the VM")
  const host = await repeat(rooms, call, () => rooms.hosts.open(hostName, call))
  const byId = isUuid(idOrName) ? await repeat(rooms, call, () => host.findVm(idOrName.toLowerCase(), call)) : undefined
  if (byId !== undefined) return byId
  const [first, ...others] = await repeat(rooms, call, () => host.findVmsByName(idOrName, call))
  if (first === undefined) {
    throw new Slash64Error("NOT_FOUND", `vm ${quote(idOrName)}: host ${hostName} has no such VM`, {
      field: "vm",
      value: quote(idOrName),
      hint: "Check the name or UUID, and the host.",
    })
  }
  if (others.length === 0) return first
  const ids = [first, ...others].map((vm) => vm.id).join(", ")
  throw new Slash64Error("INVALID_ARGUMENT", `vm ${quote(idOrName)} names ${others.length + 1} VMs`, {
    field: "vm",
    value: quote(idOrName),
    hint: `Give the UUID: one of ${ids}.`,
  })
})

interface VmName {
  readonly hostName: string
  readonly idOrName: string
}

function isUuid(text: string): boolean {
  return /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)
}
