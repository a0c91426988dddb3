import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"
import { z } from "zod"
import { Slash64Error, quote } from "../errors.ts"
import { abortError, untilAborted } from "./call.ts"
import { negotiateContract, parseContractVersion } from "./contract-version.ts"
import { contractVersion } from "./hypervisor-plugin.ts"
import type { HypervisorPlugin } from "./hypervisor-plugin.ts"

export interface PluginsConfig {
  /** Names of packages, or folders that start with `./`: what `import` would take. */
  readonly plugins: readonly string[]
  /** From where they are resolved: the server's own `import.meta.url`, or the path of a file in its folder. */
  readonly from: string
  /** How long a plugin's code may take to load. Default 30,000. */
  readonly timeoutMs?: number
}

/**
 * The plugins of a server. The manifest in each package.json is read first, and no code of a plugin runs that does
 * not speak our contract. NOT_FOUND for a package that is not installed; FAILED_PRECONDITION for one that is no
 * plugin, speaks another contract or is broken; ALREADY_EXISTS when two have one name. Every error names the package.
 */
export async function loadPlugins(config: PluginsConfig): Promise<readonly HypervisorPlugin[]> {
  const loaded = new Map<string, HypervisorPlugin>()
  for (const name of config.plugins) {
    const manifest = readManifest(name, config.from)
    checkContract(name, manifest.contract)
    if (loaded.has(manifest.plugin)) throw broken(name, `a second plugin ${quote(manifest.plugin)}`, "ALREADY_EXISTS")
    loaded.set(manifest.plugin, checkPlugin(name, manifest, await importEntry(name, config)))
  }
  return [...loaded.values()]
}

const manifestShape = z.object({
  slash64: z.object({
    plugin: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
    contract: z.array(z.string()).min(1),
  }),
})
type Manifest = z.output<typeof manifestShape>["slash64"]

function readManifest(name: string, from: string): Manifest {
  let file: string
  try {
    file = createRequire(from).resolve(`${name}/package.json`)
  } catch (error) {
    const closed = error instanceof Error && "code" in error && error.code === "ERR_PACKAGE_PATH_NOT_EXPORTED"
    if (closed) throw broken(name, 'does not export "./package.json", which holds its manifest', undefined, error)
    throw new Slash64Error("NOT_FOUND", `plugin package ${quote(name)} is not installed`, {
      field: "plugins",
      value: quote(name),
      hint: `Install it: npm install ${name}.`,
      cause: error,
    })
  }
  const parsed = manifestShape.safeParse(readJson(name, file))
  if (parsed.success) return parsed.data.slash64
  throw broken(name, 'has no manifest: its package.json lacks "slash64": { "plugin": ..., "contract": ["1.0"] }')
}

function readJson(name: string, file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"))
  } catch (error) {
    throw broken(name, "has a package.json that cannot be read", undefined, error)
  }
}

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

/** The module's default export, by the entry that `require` and `import` would take. */
async function importEntry(name: string, { from, timeoutMs = 30_000 }: PluginsConfig): Promise<unknown> {
  const deadline = AbortSignal.timeout(timeoutMs)
  try {
    const entry = pathToFileURL(createRequire(from).resolve(name)).href
    const module: unknown = await untilAborted(import(entry), deadline)
    return typeof module === "object" && module !== null ? Reflect.get(module, "default") : undefined
  } catch (error) {
    if (deadline.aborted) throw broken(name, `did not load within ${timeoutMs} ms`, undefined, abortError(deadline))
    throw broken(name, `failed to load: ${error instanceof Error ? error.message : String(error)}`, undefined, error)
  }
}

function checkPlugin(name: string, manifest: Manifest, plugin: unknown): HypervisorPlugin {
  if (!isPlugin(plugin)) throw broken(name, "does not give a plugin as its default export")
  if (plugin.name !== manifest.plugin) {
    throw broken(name, `is ${quote(manifest.plugin)} by its manifest and ${quote(plugin.name)} by its code`)
  }
  if (!manifest.contract.includes(plugin.contract)) {
    throw broken(name, `speaks contract ${quote(plugin.contract)}, which its manifest does not name`)
  }
  checkContract(name, [plugin.contract])
  return plugin
}

function isPlugin(value: unknown): value is HypervisorPlugin {
  if (typeof value !== "object" || value === null) return false
  const { name, contract, parseConfig, connect }: Partial<Record<string, unknown>> = { ...value }
  return [typeof name, typeof contract, typeof parseConfig, typeof connect].join() === "string,string,function,function"
}

function broken(
  name: string,
  problem: string,
  code: "FAILED_PRECONDITION" | "ALREADY_EXISTS" = "FAILED_PRECONDITION",
  cause?: unknown,
): Slash64Error {
  return new Slash64Error(code, `plugin package ${quote(name)} ${problem}`, {
    field: "plugins",
    value: quote(name),
    hint: "Take it out of the configuration, or install a version that works. SPEC.md says what a plugin must be.",
    ...(cause === undefined ? {} : { cause }),
  })
}
