import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import { z } from "zod"
import { Slash64Error, quote } from "../errors.ts"
import { brokenPlugin } from "./broken-plugin.ts"

/** What a plugin's package.json says, read before any of its code runs. */
export interface PluginManifest {
  /** As the server's configuration has it. */
  readonly package: string
  readonly plugin: string
  readonly contract: readonly string[]
  /** URL of the module. */
  readonly entry: string
  /** The range of core that it asks for, where it asks for one. */
  readonly core: string | undefined
}

const packageShape = z.object({
  slash64: z.object({
    plugin: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
    contract: z.array(z.string()).min(1),
  }),
  exports: z.unknown().optional(),
  peerDependencies: z.record(z.string(), z.unknown()).optional().catch(undefined),
})

/** NOT_FOUND where the package is not installed, FAILED_PRECONDITION where its package.json is none of a plugin. */
export function readManifest(name: string, from: string): PluginManifest {
  const require = createRequire(from)
  const file = findPackageJson(name, require)
  const read = readJson(name, file)
  const parsed = packageShape.safeParse(read, { reportInput: true })
  if (!parsed.success) throw notManifest(name, read, parsed.error.issues[0])
  const { slash64, exports, peerDependencies = {} } = parsed.data
  const core = peerDependencies["@slash64/core"]
  return {
    package: name,
    ...slash64,
    entry: pathToFileURL(findEntry(name, exports, dirname(file), require)).href,
    core: typeof core === "string" ? core : undefined,
  }
}

function findPackageJson(name: string, require: NodeJS.Require): string {
  try {
    return require.resolve(`${name}/package.json`)
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined
    if (code === "ERR_PACKAGE_PATH_NOT_EXPORTED") {
      throw brokenPlugin(name, 'does not export "./package.json", which holds its manifest', { cause: error })
    }
    if (code !== "MODULE_NOT_FOUND") throw unreadable(name, error)
    throw new Slash64Error("NOT_FOUND", `plugin package ${quote(name)} is not installed`, {
      field: "plugins",
      value: quote(name),
      hint: isPath(name) ? "Check the path: it leads to the plugin's folder." : `Install it: npm install ${name}.`,
      cause: error,
    })
  }
}

function readJson(name: string, file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"))
  } catch (error) {
    throw unreadable(name, error)
  }
}

function unreadable(name: string, cause: unknown): Slash64Error {
  return brokenPlugin(name, "has a package.json that cannot be read", { cause })
}

function notManifest(name: string, read: unknown, issue: z.core.$ZodIssue | undefined): Slash64Error {
  const isThere = typeof read === "object" && read !== null && "slash64" in read
  return isThere
    ? brokenPlugin(name, `has a wrong manifest: ${issue?.path.join(".") ?? "slash64"} is ${quote(issue?.input)}`)
    : brokenPlugin(name, 'has no manifest: its package.json lacks "slash64": { "plugin": ..., "contract": ["1.0"] }')
}

/** By the conditions of an import: `require.resolve` would take another file, or none, of a package that has both. */
function findEntry(name: string, exports: unknown, folder: string, require: NodeJS.Require): string {
  try {
    const main = typeof exports === "object" && exports !== null && "." in exports ? exports["."] : exports
    const target = targetOf(main)
    return target === undefined ? require.resolve(name) : join(folder, target)
  } catch (error) {
    throw brokenPlugin(name, "has no entry that could be imported", { cause: error })
  }
}

/** https://nodejs.org/api/packages.html#conditional-exports: the first condition that holds, in the file's order. */
function targetOf(exports: unknown): string | undefined {
  if (typeof exports === "string") return exports
  if (typeof exports !== "object" || exports === null) return undefined
  const known = Array.isArray(exports) || Object.keys(exports).some((key) => conditions.has(key))
  const choices = Array.isArray(exports)
    ? exports
    : Object.entries(exports).flatMap(([key, value]: [string, unknown]) => (conditions.has(key) ? [value] : []))
  return known ? choices.map(targetOf).find((target) => target !== undefined) : undefined
}

const conditions: ReadonlySet<string> = new Set(["node", "import", "module-sync", "default"])

function isPath(name: string): boolean {
  return /^(\.{0,2}\/|[A-Za-z]:)/.test(name)
}
