import { setTimeout as sleep } from "node:timers/promises"
import type { Context } from "hono"
import { streamSSE } from "hono/streaming"
import type { Operations } from "../operations/operations.ts"

/** A comment so often keeps what is between from taking the silence for the end. */
const heartbeatMs = 15_000
/** A client that does not take an event within this time is left. */
const slowMs = 60_000

/** An operation as server-sent events, one at each change, the first at once and the last when it has ended. */
export function sendEvents(c: Context, operations: Operations, id: string, ending: AbortSignal): Response {
  operations.find(id)
  const gone = new AbortController()
  const signal = AbortSignal.any([gone.signal, c.req.raw.signal, ending])
  return streamSSE(c, async (stream) => {
    stream.onAbort(() => gone.abort())
    const write = (text: string): Promise<unknown> => inTime(stream.write(text), gone)
    const heart = setInterval(() => void write(": still running\n\n"), heartbeatMs)
    try {
      for await (const operation of operations.watch(id, signal))
        await write(`event: operation\ndata: ${JSON.stringify(operation)}\n\n`)
    } finally {
      clearInterval(heart)
    }
  })
}

async function inTime(written: Promise<unknown>, gone: AbortController): Promise<void> {
  const late = new AbortController()
  const slow = sleep(slowMs, "slow", { signal: late.signal, ref: false }).catch(() => undefined)
  if ((await Promise.race([written, slow])) === "slow") gone.abort()
  late.abort()
}
