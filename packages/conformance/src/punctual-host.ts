import { Slash64Error, hostVerbs, untilAborted } from "@slash64/core"
import type { HypervisorHost } from "@slash64/core"

/**
 * The same host, of which a verb that has not come back `graceMs` after its call was aborted is INTERNAL: an adapter
 * that hangs fails a check, and does not hold the suite.
 */
export function punctualHost(host: HypervisorHost, graceMs: number): HypervisorHost {
  // Over an object of its own: a proxy may not answer for the fields of a frozen one.
  const shell: HypervisorHost = Object.create(host)
  return new Proxy(shell, {
    get(_shell, field) {
      const value: unknown = Reflect.get(host, field)
      if (typeof value !== "function") return value
      const verb = hostVerbs.find((one) => one === field)
      if (verb === undefined || verb === "close") return value.bind(host)
      return (...given: unknown[]) =>
        punctual(verb, async () => Reflect.apply(value, host, given), given.at(-1), graceMs)
    },
  })
}

async function punctual(verb: string, act: () => Promise<unknown>, call: unknown, graceMs: number): Promise<unknown> {
  const signal = typeof call === "object" && call !== null && "signal" in call ? call.signal : undefined
  if (!(signal instanceof AbortSignal)) return act()
  const late = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const onAbort = (): void => {
    timer = setTimeout(() => late.abort(hangs(verb, graceMs)), graceMs)
  }
  signal.addEventListener("abort", onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    return await untilAborted(act(), late.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener("abort", onAbort)
  }
}

function hangs(verb: string, graceMs: number): Slash64Error {
  return new Slash64Error("INTERNAL", `${verb} had not come back ${graceMs} ms after its call was aborted`, {
    hint: "Every wait of an adapter ends when the call's signal is aborted.",
  })
}
