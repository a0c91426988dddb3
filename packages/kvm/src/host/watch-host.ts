import type { Call, HostEvent } from "@slash64/core"
import type { DomainEvent, Libvirt } from "../libvirt/libvirt.ts"
import { readNicAlias } from "../nic/nic-alias.ts"

/** The events of the host's VMs, until the call is aborted. */
export async function* watchHost(libvirt: Libvirt, call: Call): AsyncGenerator<HostEvent> {
  for await (const event of await libvirt.events(call.signal)) {
    const told = toHostEvent(event)
    if (told !== undefined) yield told
  }
}

function toHostEvent(event: DomainEvent): HostEvent | undefined {
  switch (event.kind) {
    case "started":
      return { kind: "vm-started", vmId: event.uuid }
    case "stopped":
      return { kind: "vm-stopped", vmId: event.uuid }
    case "undefined":
      return { kind: "vm-gone", vmId: event.uuid }
    case "device-removed": {
      const nicId = readNicAlias(event.alias)
      return nicId === undefined ? undefined : { kind: "nic-unplugged", vmId: event.uuid, nicId }
    }
  }
}
