import { attachNic, nicIdFor, resolveVm } from "@slash64/core"
import type { AttachNicRequest } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { findNetwork } from "../find-network.ts"
import type { Session } from "../session.ts"
import { nicCard } from "./nic-card.ts"
import { parseIndex } from "./parse-index.ts"

export interface AttachOptions {
  readonly host?: string | undefined
  readonly index: string
  readonly mac?: string | undefined
  readonly address?: string | undefined
  readonly ipv4?: string | undefined
  readonly hostname?: string | undefined
  readonly default?: boolean | undefined
}

/** The NIC's id follows from network, VM and index, so the same command names the same NIC. */
export async function attach(session: Session, name: string, vmName: string, options: AttachOptions): Promise<Answer> {
  const index = parseIndex(options.index)
  const rooms = await session.rooms()
  const network = await findNetwork(rooms.store, name)
  const host = await session.hostName(options.host)
  const vm = await resolveVm(host, vmName, rooms, session.call)
  const request: AttachNicRequest = {
    network: network.id,
    id: nicIdFor(network.id, vm.id, index),
    host,
    vmId: vm.id,
    ...(options.mac !== undefined && { mac: options.mac }),
    ...(options.address !== undefined && { requestedIpv6: options.address }),
    ...(options.ipv4 !== undefined && { requestedIpv4: options.ipv4 }),
    ...(options.hostname !== undefined && { hostname: options.hostname }),
    ...(options.default !== undefined && { isDefault: options.default }),
  }
  const attached = await attachNic(request, rooms, session.call)
  const { nic, port, served } = attached
  const warnings = [
    ...(port.persistent ? [] : ["The VM is transient: the NIC is gone when it stops."]),
    ...(served ? [] : [unserved(network.name)]),
  ]
  return { json: attached, text: [nicCard(nic), ...warnings].join("\n") }
}

function unserved(network: string): string {
  return `The router of ${network} does not answer: the guest gets its address as soon as the router is back and was told. \`slash64 serve\` does that by itself; else: slash64 apply ${network}.`
}
