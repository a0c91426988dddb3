import { setTimeout } from "node:timers/promises"
import type { DomainEvent } from "./libvirt.ts"
import type { RpcSession } from "./rpc-session.ts"

/** No event yet: waits for the end of the signal. */
export async function rpcEvents(session: RpcSession, signal: AbortSignal): Promise<AsyncIterable<DomainEvent>> {
  await session.connection(signal)
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        while (!signal.aborted) await setTimeout(1000, undefined, { signal }).catch(() => {})
        return { done: true, value: undefined }
      },
    }),
  }
}
