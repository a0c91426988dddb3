/** The value, or the signal's reason as soon as it is aborted. */
export async function raceSignal<Value>(value: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener("abort", onAbort, { once: true })
  return Promise.race([value, aborted.promise]).finally(() => signal.removeEventListener("abort", onAbort))
}
