import { Slash64Error, errorCodes, isSlash64Error, messageOf, quote } from "../errors.ts"
import { abortError } from "./call.ts"
import { hostVerbs, optionalHostVerbs } from "./host-verbs.ts"
import type { HypervisorHost } from "./hypervisor-plugin.ts"

/** What a watch yields is no promise: whoever reads it meets its errors. */
const verbs: ReadonlySet<PropertyKey> = new Set([...hostVerbs, ...optionalHostVerbs.filter((verb) => verb !== "watch")])

/** The same host, of which every verb throws an error of the contract or none. */
export function guardHost(plugin: string, host: HypervisorHost): HypervisorHost {
  // Over an object of its own: a proxy may not answer for the fields of a frozen one.
  const shell: HypervisorHost = Object.create(host)
  return new Proxy(shell, {
    get(_shell, field) {
      const value: unknown = Reflect.get(host, field)
      if (typeof value !== "function") return value
      return verbs.has(field)
        ? (...given: unknown[]) => guarded(plugin, String(field), () => Reflect.apply(value, host, given), given.at(-1))
        : value.bind(host)
    },
  })
}

async function guarded(plugin: string, verb: string, act: () => unknown, call: unknown): Promise<unknown> {
  try {
    return await act()
  } catch (error) {
    const signal = typeof call === "object" && call !== null && "signal" in call ? call.signal : undefined
    throw translateThrown(plugin, verb, error, signal instanceof AbortSignal ? signal : undefined)
  }
}

/**
 * What a plugin threw as an error of the contract: its own where it is one, CANCELLED or DEADLINE_EXCEEDED where the
 * call was aborted, else INTERNAL that names plugin and verb.
 */
export function translateThrown(plugin: string, verb: string, error: unknown, signal?: AbortSignal): Slash64Error {
  if (isSlash64Error(error) && errorCodes.includes(error.code)) return error instanceof Error ? error : revive(error)
  if (signal?.aborted === true) return abortError(signal)
  return pluginFault(plugin, `failed in ${verb}: ${messageOf(error)}`, error)
}

export function pluginFault(plugin: string, problem: string, cause?: unknown): Slash64Error {
  return new Slash64Error("INTERNAL", `plugin ${quote(plugin)} ${problem}`, {
    field: "plugin",
    value: quote(plugin),
    hint: "The plugin is broken: tell its makers, or use another version of it.",
    ...(cause === undefined ? {} : { cause }),
  })
}

/** One that crossed a process as JSON is no Error any more. */
function revive({ code, message, field, value, hint, native, outcome }: Slash64Error): Slash64Error {
  const details = { field, value, hint, native, outcome }
  const given = Object.fromEntries(Object.entries(details).filter(([, one]) => one !== undefined))
  return new Slash64Error(code, message, given)
}
