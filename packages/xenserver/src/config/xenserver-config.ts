import { isIP } from "node:net"
import { Slash64Error, invalid } from "@slash64/core"
import { z } from "zod"

/** How to reach a pool. Plain JSON; secrets are references, never values. */
export interface XenserverConfig {
  /** `https://HOST[:port]` of any host of the pool; `http://` for this machine's loopback alone. */
  readonly url: string
  readonly user: string
  /** `file:PATH` or `env:NAME`. */
  readonly password: string
  /**
   * SHA-256 fingerprints of the hosts' certificates, `sha256:` and 64 hex digits, one a host of the pool: no others
   * are accepted. Needed with `https`.
   */
  readonly certificates: readonly string[]
}

const schema = z.strictObject({
  url: z.string().regex(/^https?:\/\/[^/@?#\s]+\/?$/, "not https://HOST"),
  user: z.string().min(1),
  password: z.string().regex(/^(file:\/[^\0\n]+|env:[A-Za-z_][A-Za-z0-9_]*)$/, "not file:/PATH or env:NAME"),
  certificates: z
    .array(z.string().regex(/^sha256:[0-9a-f]{64}$/, "not sha256: and 64 lower-case hex digits"))
    .default([]),
})

const hints: Readonly<Record<string, string>> = {
  url: "Give https://HOST, without a path.",
  user: "Give the name of a pool administrator, root for one.",
  password: "Give a reference to the password, file:/PATH or env:NAME, never the password.",
  certificates: "Give what `openssl x509 -fingerprint -sha256` shows on each host, in lower case without colons.",
}

/** Checks a pool's configuration. Throws INVALID_ARGUMENT that names the field. Touches nothing. */
export function parseXenserverConfig(input: unknown): XenserverConfig {
  const parsed = schema.safeParse(input)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const unknown = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined
    const field = String(issue?.path[0] ?? unknown ?? "config")
    if (field === "password") throw notShown(field)
    const shown = issue?.code === "unrecognized_keys" ? field : valueAt(input, field)
    throw invalid(field, shown, issue?.message ?? "wrong", hints[field] ?? "Give url, user, password, certificates.")
  }
  const config = parsed.data
  const { protocol, hostname } = new URL(config.url)
  if (protocol === "http:" && !isLoopback(hostname)) {
    throw invalid("url", config.url, "would send the password in the clear", "Give https://HOST.")
  }
  if (protocol === "https:" && config.certificates.length === 0) {
    throw invalid("certificates", config.certificates, "names no certificate", hints["certificates"] ?? "")
  }
  return config
}

/** The value may be the password itself. */
function notShown(field: string): Slash64Error {
  return new Slash64Error("INVALID_ARGUMENT", `${field} is not file:/PATH or env:NAME`, {
    field,
    hint: hints[field] ?? "",
  })
}

function isLoopback(hostname: string): boolean {
  return hostname === "[::1]" || (isIP(hostname) === 4 && hostname.startsWith("127."))
}

function valueAt(input: unknown, field: string): unknown {
  return typeof input === "object" && input !== null ? new Map(Object.entries(input)).get(field) : input
}
