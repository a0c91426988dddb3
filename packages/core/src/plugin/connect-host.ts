import { Slash64Error, isSlash64Error, quote } from "../errors.ts"
import { rememberSecrets } from "../secrets/known-secrets.ts"
import { checkAborted, untilAborted, withTimeout } from "./call.ts"
import type { Call } from "./call.ts"
import { guardHost, pluginFault, translateThrown } from "./guard-host.ts"
import { hostVerbs } from "./host-verbs.ts"
import type { HypervisorHost, HypervisorPlugin } from "./hypervisor-plugin.ts"

/**
 * A host's configuration as the plugin has it: INVALID_ARGUMENT with the field where it is wrong, INTERNAL that names
 * the plugin where that threw anything else.
 */
export function parseHostConfig(plugin: HypervisorPlugin, config: unknown): unknown {
  rememberSecrets(config)
  let parsed: unknown
  try {
    parsed = plugin.parseConfig(config)
  } catch (error) {
    throw translateThrown(plugin.name, "parseConfig", error)
  }
  if (parsed instanceof Promise) throw pluginFault(plugin.name, "gave a promise from parseConfig")
  return parsed
}

/**
 * Opens a host by a plugin that is not trusted to behave: one that does not come back is DEADLINE_EXCEEDED, and a
 * host that comes later is closed; a host without a verb of the contract and an error without a code, from here or
 * from any verb later, are INTERNAL and name the plugin.
 */
export async function connectHost(
  plugin: HypervisorPlugin,
  config: unknown,
  call: Call,
  timeoutMs = 30_000,
): Promise<HypervisorHost> {
  const parsed = parseHostConfig(plugin, config)
  const bounded = withTimeout(call, timeoutMs)
  checkAborted(bounded.signal)
  const opening = connect(plugin, parsed, bounded)
  let host: HypervisorHost
  try {
    host = await untilAborted(opening, bounded.signal)
  } catch (error) {
    void closeLate(opening)
    const late = isSlash64Error(error) && error.code === "DEADLINE_EXCEEDED" && !call.signal.aborted
    throw late ? tooLate(plugin, timeoutMs, error) : translateThrown(plugin.name, "connect", error, call.signal)
  }
  const missing = missingVerbs(host)
  if (missing.length === 0) return guardHost(plugin.name, host)
  void closeLate(opening)
  throw pluginFault(plugin.name, `gave a host without ${missing.join(", ")}`)
}

/** What is thrown at once is a rejection too. */
async function connect(plugin: HypervisorPlugin, config: unknown, call: Call): Promise<HypervisorHost> {
  return plugin.connect(config, call)
}

/** A host that comes after all is nobody's: without this it would hold its connection for ever. */
async function closeLate(opening: Promise<HypervisorHost>): Promise<void> {
  const [late] = await Promise.allSettled([opening])
  if (late.status === "fulfilled") await Promise.allSettled([(async () => late.value.close())()])
}

function missingVerbs(host: unknown): readonly string[] {
  const verbs = typeof host === "object" && host !== null ? host : {}
  return hostVerbs.filter((verb) => typeof Reflect.get(verbs, verb) !== "function")
}

function tooLate(plugin: HypervisorPlugin, timeoutMs: number, cause: Slash64Error): Slash64Error {
  const name = quote(plugin.name)
  return new Slash64Error("DEADLINE_EXCEEDED", `plugin ${name} did not connect within ${timeoutMs} ms`, {
    field: "plugin",
    value: name,
    hint: "Check that the host is up and reachable, then repeat.",
    cause,
  })
}
