import { readFileSync, statSync } from "node:fs"
import { isSecretName, isSecretReference } from "./secret-names.ts"

/** Shorter ones would blot out words that are none. */
const shortest = 6
const longestFile = 65_536

const known = new Set<string>()

/**
 * Remembers the secrets of a host's configuration, behind their references too, for as long as the process lives:
 * a plugin's error may repeat one where neither a name nor a form gives it away.
 */
export function rememberSecrets(config: unknown): void {
  if (typeof config !== "object" || config === null) return
  for (const [name, value] of Object.entries(config)) {
    if (!isSecretName(name)) rememberSecrets(value)
    else if (typeof value === "string") remember(isSecretReference(value) ? read(value) : value)
  }
}

/** The secrets that are remembered, the longest first. */
export function knownSecrets(): readonly string[] {
  return [...known].toSorted((a, b) => b.length - a.length)
}

function remember(value: string | undefined): void {
  const secret = value?.trim() ?? ""
  if (secret.length >= shortest) known.add(secret)
}

/** Undefined where the plugin will fail to read it too, and say so. */
function read(reference: string): string | undefined {
  if (reference.startsWith("env:")) return process.env[reference.slice("env:".length)]
  const file = reference.slice("file:".length)
  try {
    return statSync(file).size <= longestFile ? readFileSync(file, "utf8") : undefined
  } catch {
    return undefined
  }
}
