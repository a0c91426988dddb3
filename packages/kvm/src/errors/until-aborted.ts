import { abortError, checkAborted } from "@slash64/core"

/** Resolves or rejects with `work`, or rejects when the signal is aborted first. */
export async function untilAborted<Value>(signal: AbortSignal, work: Promise<Value>): Promise<Value> {
  checkAborted(signal)
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(abortError(signal))
  signal.addEventListener("abort", abort, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener("abort", abort)
  }
}
