import { detachNic, nicIdFor, parseUuid, resolveVm } from "@slash64/core"
import type { Answer } from "../answer.ts"
import type { Session } from "../session.ts"
import { parseIndex } from "./parse-index.ts"

export interface DetachOptions {
  readonly host?: string | undefined
  readonly index: string
}

/** By a NIC's id, or by network and VM. */
export async function detach(
  session: Session,
  first: string,
  vm: string | undefined,
  options: DetachOptions,
): Promise<Answer> {
  const id = vm === undefined ? first : await nicOf(session, first, vm, options)
  const detached = id === undefined ? {} : await detachNic(id, await session.rooms(), session.call)
  const text = detached.nic === undefined ? "nothing to detach" : `NIC ${detached.nic.id} detached`
  return { json: detached, text }
}

async function nicOf(session: Session, name: string, vm: string, options: DetachOptions): Promise<string | undefined> {
  const index = parseIndex(options.index)
  const rooms = await session.rooms()
  const network = await rooms.store.findNetwork(name)
  if (network === undefined) return undefined
  // A VM that its host has forgotten still has its NIC here, so a UUID is not looked up.
  if (isUuid(vm)) return nicIdFor(network.id, parseUuid("vm", vm), index)
  const host = await session.hostName(options.host)
  return nicIdFor(network.id, (await resolveVm(host, vm, rooms, session.call)).id, index)
}

function isUuid(text: string): boolean {
  return /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)
}
