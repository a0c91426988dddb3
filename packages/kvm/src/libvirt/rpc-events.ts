import {
  type DomainEvents,
  type EventStream,
  VIR_DOMAIN_EVENT_CRASHED,
  VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
  VIR_DOMAIN_EVENT_ID_LIFECYCLE,
  VIR_DOMAIN_EVENT_STARTED,
  VIR_DOMAIN_EVENT_STOPPED,
  VIR_DOMAIN_EVENT_UNDEFINED,
} from "@slash64/libvirt-rpc"
import { translateLibvirt } from "../errors/translate-libvirt.ts"
import type { DomainEvent } from "./libvirt.ts"
import type { RpcSession } from "./rpc-session.ts"

/** Subscribed when it resolves; ends with the signal, throws UNAVAILABLE when the connection breaks. */
export async function rpcEvents(session: RpcSession, signal: AbortSignal): Promise<AsyncIterable<DomainEvent>> {
  const [lifecycle, removed] = await session.run(signal, (rpc) =>
    Promise.all([
      rpc.domainEvents(VIR_DOMAIN_EVENT_ID_LIFECYCLE, { signal }),
      rpc.domainEvents(VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, { signal }),
    ]),
  )
  return readEvents(lifecycle, removed, signal)
}

type Lifecycle = DomainEvents[typeof VIR_DOMAIN_EVENT_ID_LIFECYCLE]
type Removed = DomainEvents[typeof VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED]

async function* readEvents(
  lifecycle: EventStream<Lifecycle>,
  removed: EventStream<Removed>,
  signal: AbortSignal,
): AsyncGenerator<DomainEvent> {
  const changes = lifecycle[Symbol.asyncIterator]()
  const removals = removed[Symbol.asyncIterator]()
  const nextChange = async () => ({ from: "lifecycle", result: await changes.next() }) as const
  const nextRemoval = async () => ({ from: "removed", result: await removals.next() }) as const
  let change = nextChange()
  let removal = nextRemoval()
  try {
    for (;;) {
      const next = await Promise.race([change, removal])
      if (next.result.done === true) return
      if (next.from === "lifecycle") {
        change = nextChange()
        const event = toLifecycleEvent(next.result.value)
        if (event !== undefined) yield event
      } else {
        removal = nextRemoval()
        yield { kind: "device-removed", uuid: next.result.value.dom.uuid, alias: next.result.value.devAlias }
      }
    }
  } catch (error) {
    if (!signal.aborted) throw translateLibvirt(error, signal)
  } finally {
    // Whichever is still waiting is woken, and what it then says is of no interest.
    change.catch(() => {})
    removal.catch(() => {})
    await Promise.allSettled([lifecycle.close(), removed.close()])
  }
}

function toLifecycleEvent({ dom, event }: Lifecycle): DomainEvent | undefined {
  switch (event) {
    case VIR_DOMAIN_EVENT_STARTED:
      return { kind: "started", uuid: dom.uuid }
    case VIR_DOMAIN_EVENT_STOPPED:
    case VIR_DOMAIN_EVENT_CRASHED:
      return { kind: "stopped", uuid: dom.uuid }
    case VIR_DOMAIN_EVENT_UNDEFINED:
      return { kind: "undefined", uuid: dom.uuid }
    default:
      return undefined
  }
}
