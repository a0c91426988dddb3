import { LibvirtConnectionError } from "../connection-error.ts"
import type { EventHub } from "./event-hub.ts"
import type { EventKind, Notice } from "./event-kind.ts"
import { EventStream } from "./event-stream.ts"

/** How libvirt is asked for events, and asked to stop. */
export interface Registration {
  readonly register: () => Promise<{ readonly callbackID: number }>
  readonly deregister: (callbackID: number) => Promise<void>
}

/** Registers at libvirt; fulfilled when libvirt has confirmed, so that what happens from then on cannot be missed. */
export async function subscribe<Event>(
  hub: EventHub,
  kind: EventKind<Event>,
  { register, deregister }: Registration,
  signal: AbortSignal | undefined,
): Promise<EventStream<Event>> {
  // libvirt may send the first event before it confirms; until then its callbackID is not known.
  const early: Notice<Event>[] = []
  let registered: number | undefined
  const stream = new EventStream<Event>(async () => {
    silence()
    signal?.removeEventListener("abort", abort)
    if (registered !== undefined) await deregister(registered).catch(ignoreLoss)
  })
  const receive = (notice: Notice<Event>): void => {
    if (registered === undefined) early.push(notice)
    else if (notice.callbackID === registered) stream.add(notice.event)
  }
  const silence = hub.listen(kind, {
    receive: (payload) => receive(kind.read(payload)),
    fail: (reason) => stream.fail(reason),
  })
  const abort = (): void => {
    const details = { cause: signal?.reason }
    stream.fail(new LibvirtConnectionError("ABORTED", "Waiting for events was aborted", details))
    // Nobody may ever read it again; whether libvirt takes the registration back is then nobody's concern.
    stream.close().catch(() => {})
  }
  try {
    const { callbackID } = await register()
    registered = callbackID
  } catch (error) {
    await stream.close()
    throw error
  }
  early.forEach(receive)
  if (signal?.aborted === true) abort()
  else signal?.addEventListener("abort", abort, { once: true })
  return stream
}

/** A registration ends with its connection. */
function ignoreLoss(error: unknown): void {
  if (!(error instanceof LibvirtConnectionError)) throw error
}
