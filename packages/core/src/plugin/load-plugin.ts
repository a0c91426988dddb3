import { readFileSync } from "node:fs"
import { isAbsolute, join } from "node:path"
import { z } from "zod"
import { Slash64Error, invalid, messageOf, quote } from "../errors.ts"
import { parseShape } from "../network/parse-shape.ts"
import { brokenPlugin } from "./broken-plugin.ts"
import { abortError, untilAborted } from "./call.ts"
import { negotiateContract, parseContractVersion } from "./contract-version.ts"
import { contractVersion } from "./hypervisor-plugin.ts"
import type { HypervisorPlugin } from "./hypervisor-plugin.ts"
import { readManifest } from "./plugin-manifest.ts"
import type { PluginManifest } from "./plugin-manifest.ts"

export interface PluginsConfig {
  /** Names of packages, as `import` would take them, or folders: `./plugins/mine`, `/opt/plugin`. */
  readonly plugins: readonly string[]
  /** From where they are resolved: the server's own `import.meta.url`, or the path of a file in its folder. */
  readonly from: string
  /** How long a plugin's code may take to load, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number
}

/**
 * The plugins of a server. The manifests in their package.json are read first, and no code of any runs unless all
 * speak our contract. NOT_FOUND for a package that is not installed; FAILED_PRECONDITION for one that is no plugin,
 * speaks another contract or is broken; ALREADY_EXISTS when two have one name. Every error names the package. A
 * module that never gives the event loop back cannot be helped: it holds its server too.
 */
export async function loadPlugins(config: PluginsConfig): Promise<readonly HypervisorPlugin[]> {
  const { plugins, from, timeoutMs } = parseShape("", configShape, config)
  if (!isAbsolute(from) && !from.startsWith("file://")) {
    throw invalid("from", from, "is no absolute path and no file URL", "Give import.meta.url.")
  }
  const manifests = plugins.map((name) => readManifest(name, from))
  const names = new Set<string>()
  for (const manifest of manifests) {
    checkContract(manifest.package, manifest.contract)
    if (names.has(manifest.plugin)) throw second(manifest)
    names.add(manifest.plugin)
  }
  const loaded: HypervisorPlugin[] = []
  for (const manifest of manifests) loaded.push(checkPlugin(manifest, await importEntry(manifest, timeoutMs)))
  return loaded
}

const configShape = z.strictObject({
  plugins: z.array(z.string().min(1)),
  from: z.string(),
  timeoutMs: z.int().min(1).max(2_147_483_647).default(30_000),
})

/** Both sides speak the highest major that both know, with the lower of their minors. */
function checkContract(name: string, contract: readonly string[]): void {
  const theirs = contract.map((version) => parseContractVersion(version))
  const known = theirs.filter((version) => version !== undefined)
  const ours = parseContractVersion(contractVersion)
  if (ours !== undefined && negotiateContract([ours], known) !== undefined) return
  throw new Slash64Error(
    "FAILED_PRECONDITION",
    `plugin package ${quote(name)} speaks contract ${contract.join(", ")}, this server ${contractVersion}`,
    {
      field: "plugins",
      value: quote(name),
      hint: "Install a version of the plugin, or of slash64, that fits the other.",
    },
  )
}

function second({ package: name, plugin }: PluginManifest): Slash64Error {
  return brokenPlugin(name, `is a second plugin ${quote(plugin)}`, { code: "ALREADY_EXISTS" })
}

/** The module's default export. */
async function importEntry(manifest: PluginManifest, timeoutMs: number): Promise<unknown> {
  const deadline = AbortSignal.timeout(timeoutMs)
  try {
    const module: unknown = await untilAborted(import(manifest.entry), deadline)
    return typeof module === "object" && module !== null ? Reflect.get(module, "default") : undefined
  } catch (error) {
    const late = deadline.aborted
    const problem = late ? `did not load within ${timeoutMs} ms` : `failed to load: ${messageOf(error)}`
    throw brokenPlugin(manifest.package, problem, {
      note: coreNote(manifest),
      cause: late ? abortError(deadline) : error,
    })
  }
}

/** A plugin made for another core often fails at its first import. */
function coreNote({ core }: PluginManifest): string | undefined {
  return core === undefined ? undefined : `It asks for @slash64/core ${core}, and this server has ${coreVersion()}.`
}

function coreVersion(): string {
  const text = readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version
}

function checkPlugin(manifest: PluginManifest, plugin: unknown): HypervisorPlugin {
  const name = manifest.package
  if (!isPlugin(plugin)) throw brokenPlugin(name, "does not give a plugin as its default export")
  if (plugin.name !== manifest.plugin) {
    throw brokenPlugin(name, `is ${quote(manifest.plugin)} by its manifest and ${quote(plugin.name)} by its code`)
  }
  if (!manifest.contract.includes(plugin.contract)) {
    throw brokenPlugin(name, `speaks contract ${quote(plugin.contract)}, which its manifest does not name`)
  }
  checkContract(name, [plugin.contract])
  return plugin
}

function isPlugin(value: unknown): value is HypervisorPlugin {
  if (typeof value !== "object" || value === null) return false
  const types = ["name", "contract", "parseConfig", "connect"].map((field) => typeof Reflect.get(value, field))
  return types.join() === "string,string,function,function"
}
