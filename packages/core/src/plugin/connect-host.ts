import { Slash64Error, isSlash64Error, quote } from "../errors.ts"
import { rememberSecrets } from "../secrets/known-secrets.ts"
import { checkAborted, untilAborted, withTimeout } from "./call.ts"
import type { Call } from "./call.ts"
import { hostVerbs } from "./host-verbs.ts"
import type { HypervisorHost, HypervisorPlugin } from "./hypervisor-plugin.ts"

/**
 * Opens a host by a plugin that is not trusted to behave: one that does not come back is DEADLINE_EXCEEDED, a host
 * without a verb of the contract and an error without a code are INTERNAL and name the plugin.
 */
export async function connectHost(
  plugin: HypervisorPlugin,
  config: unknown,
  call: Call,
  timeoutMs = 30_000,
): Promise<HypervisorHost> {
  rememberSecrets(config)
  const parsed = plugin.parseConfig(config)
  const bounded = withTimeout(call, timeoutMs)
  checkAborted(bounded.signal)
  const opening = plugin.connect(parsed, bounded)
  let host: HypervisorHost
  try {
    host = await untilAborted(opening, bounded.signal)
  } catch (error) {
    // A host that comes after all is nobody's: without this it would hold its connection for ever.
    void opening.then(
      (late) => late.close(),
      () => {},
    )
    throw explain(plugin, error, call, timeoutMs)
  }
  checkVerbs(plugin, host)
  return host
}

function checkVerbs(plugin: HypervisorPlugin, host: unknown): void {
  const verbs = typeof host === "object" && host !== null ? host : {}
  const missing = hostVerbs.filter((verb) => typeof Reflect.get(verbs, verb) !== "function")
  if (missing.length === 0) return
  throw new Slash64Error("INTERNAL", `plugin ${quote(plugin.name)} gave a host without ${missing.join(", ")}`, {
    field: "plugin",
    value: quote(plugin.name),
    hint: "The plugin is broken: tell its makers, or use another version of it.",
  })
}

function explain(plugin: HypervisorPlugin, error: unknown, call: Call, timeoutMs: number): unknown {
  if (isSlash64Error(error)) {
    if (error.code !== "DEADLINE_EXCEEDED" || call.signal.aborted) return error
    return new Slash64Error(
      "DEADLINE_EXCEEDED",
      `plugin ${quote(plugin.name)} did not connect within ${timeoutMs} ms`,
      {
        field: "plugin",
        value: quote(plugin.name),
        hint: "Check that the host is up and reachable, then repeat.",
        cause: error,
      },
    )
  }
  return new Slash64Error("INTERNAL", `plugin ${quote(plugin.name)} failed to connect: ${String(error)}`, {
    field: "plugin",
    value: quote(plugin.name),
    hint: "The plugin is broken: tell its makers, or use another version of it.",
    cause: error,
  })
}
