import {
  type DomainEvents,
  VIR_DOMAIN_EVENT_CRASHED,
  VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
  VIR_DOMAIN_EVENT_ID_LIFECYCLE,
  VIR_DOMAIN_EVENT_STARTED,
  VIR_DOMAIN_EVENT_STOPPED,
  VIR_DOMAIN_EVENT_UNDEFINED,
} from "@slash64/libvirt-rpc"
import { translateLibvirt } from "../errors/translate-libvirt.ts"
import { EventFan } from "./event-fan.ts"
import type { DomainEvent } from "./libvirt.ts"
import type { RpcSession } from "./rpc-session.ts"

/** The events of a session's domains: registered once for each connection, when somebody first asks. */
export class RpcEvents {
  readonly #session: RpcSession
  #fan: Promise<EventFan> | undefined

  constructor(session: RpcSession) {
    this.#session = session
  }

  /** Subscribed when it resolves; ends with the signal, throws UNAVAILABLE when the connection breaks. */
  async read(signal: AbortSignal): Promise<AsyncIterable<DomainEvent>> {
    const fan = await (this.#fan ??= this.#register())
    return fan.read(signal)
  }

  async #register(): Promise<EventFan> {
    const fan = new EventFan()
    const end = (error: unknown): void => {
      this.#fan = undefined
      fan.fail(translateLibvirt(error))
    }
    try {
      const [lifecycle, removed] = await this.#session.run(AbortSignal.timeout(30_000), (rpc) =>
        Promise.all([
          rpc.domainEvents(VIR_DOMAIN_EVENT_ID_LIFECYCLE),
          rpc.domainEvents(VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED),
        ]),
      )
      void pump(lifecycle, (event) => toLifecycleEvent(event), fan).catch(end)
      void pump(
        removed,
        ({ dom, devAlias }) => ({ kind: "device-removed", uuid: dom.uuid, alias: devAlias }),
        fan,
      ).catch(end)
      return fan
    } catch (error) {
      this.#fan = undefined
      throw error
    }
  }
}

async function pump<Event>(
  events: AsyncIterable<Event>,
  toEvent: (event: Event) => DomainEvent | undefined,
  fan: EventFan,
): Promise<void> {
  for await (const one of events) {
    const event = toEvent(one)
    if (event !== undefined) fan.tell(event)
  }
}

function toLifecycleEvent({ dom, event }: DomainEvents[typeof VIR_DOMAIN_EVENT_ID_LIFECYCLE]): DomainEvent | undefined {
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
