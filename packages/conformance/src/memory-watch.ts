import type { Call, HostEvent } from "@slash64/core"
import type { MemoryWorld } from "./memory-world.ts"

/** What happens from the moment in which the first event is asked for, until the call is aborted. */
export async function* watchWorld({ listeners }: MemoryWorld, { signal }: Call): AsyncGenerator<HostEvent> {
  const waiting: HostEvent[] = []
  let news = Promise.withResolvers<void>()
  const listen = (event: HostEvent): void => {
    waiting.push(event)
    news.resolve()
  }
  const leave = (): void => news.resolve()
  listeners.add(listen)
  signal.addEventListener("abort", leave)
  try {
    while (!signal.aborted) {
      yield* waiting.splice(0)
      await news.promise
      news = Promise.withResolvers()
    }
  } finally {
    listeners.delete(listen)
    signal.removeEventListener("abort", leave)
  }
}
