import { isIP } from "node:net"
import { Slash64Error, invalid, parseControlRange } from "@slash64/core"
import { z } from "zod"

/** How to reach a pool. Plain JSON; secrets are references, never values. */
export interface XenserverConfig {
  /**
   * `https://HOST[:port]` of any host of the pool, or of several: the next is asked when one does not answer, or names
   * a master that does not. The master is found. `http://` for this machine's loopback alone.
   */
  readonly url: string | readonly string[]
  readonly user: string
  /** `file:PATH` or `env:NAME`. */
  readonly password: string
  /**
   * SHA-256 fingerprints of the hosts' certificates, `sha256:` and 64 hex digits, one a host of the pool: no others
   * are accepted. With `https` these or `ca`.
   */
  readonly certificates: readonly string[]
  /** `file:PATH` of the CA, as PEM, that signed the hosts' certificates; each must name its host's address. */
  readonly ca?: string
  /** UUID or name of the storage repository for template, routers and seeds. Absent: the pool's default. */
  readonly storage?: string
  readonly control?: {
    /** UUID or bridge of the network of the routers' control NICs. Absent: the hosts' internal management network. */
    readonly network?: string
    /** Where the routers' control NICs get their addresses: 169.254.0.0/16 on the internal management network. */
    readonly range?: string
  }
  /** The way to a router: through dom0 of the host that it runs on. Absent: its control address, from here. */
  readonly ssh?: SshJump
}

export interface SshJump {
  /** Absent: root. */
  readonly user?: string
  /** Absent: 22. */
  readonly port?: number
  /** Fingerprints of the hosts' keys, `SHA256:` and 43 characters, one a host of the pool: no others are accepted. */
  readonly hostKeys: readonly string[]
  /** The client's private key: `file:PATH` or `env:NAME`. Absent: the SSH agent of `SSH_AUTH_SOCK`. */
  readonly privateKey?: string
}

const url = z.string().regex(/^https?:\/\/[^/@?#\s]+\/?$/, "not https://HOST")
const secret = z.string().regex(/^(file:\/[^\0\n]+|env:[A-Za-z_][A-Za-z0-9_]*)$/, "not file:/PATH or env:NAME")

const schema = z.strictObject({
  url: z.union([url, z.array(url).min(1, "names no host")]),
  user: z.string().min(1),
  password: secret,
  certificates: z
    .array(z.string().regex(/^sha256:[0-9a-f]{64}$/, "not sha256: and 64 lower-case hex digits"))
    .default([]),
  ca: z
    .string()
    .regex(/^file:\/[^\0\n]+$/, "not file:/PATH")
    .exactOptional(),
  storage: z
    .string()
    .regex(/^[^\p{Cc}]{1,255}$/u, "not a name or UUID")
    .exactOptional(),
  control: z
    .strictObject({
      network: z
        .string()
        .regex(/^[A-Za-z0-9_.-]{1,36}$/, "not a bridge or UUID")
        .exactOptional(),
      range: z.string().exactOptional(),
    })
    .exactOptional(),
  ssh: z
    .strictObject({
      user: z
        .string()
        .regex(/^[a-z_][a-z0-9_-]{0,31}$/, "not a user's name")
        .exactOptional(),
      port: z.int().min(1).max(65_535).exactOptional(),
      hostKeys: z
        .array(z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, "not SHA256: and 43 characters of base64"))
        .min(1, "names no key: no host is trusted on first use"),
      privateKey: secret.exactOptional(),
    })
    .exactOptional(),
})

const hints: Readonly<Record<string, string>> = {
  url: "Give https://HOST, without a path, or a list of such.",
  user: "Give the name of a pool administrator, root for one.",
  password: "Give a reference to the password, file:/PATH or env:NAME, never the password.",
  certificates: "Give what `openssl x509 -fingerprint -sha256` shows on each host, in lower case without colons.",
  ca: "Give file:/PATH of the CA that signed the hosts' certificates, or certificates without ca.",
  storage: "Give the UUID or the name of a storage repository: see `xe sr-list`.",
  "control.network": "Give the bridge or the UUID of a network: see `xe network-list params=uuid,bridge,name-label`.",
  ssh: "Give { hostKeys: [...], privateKey: file:/PATH }, or leave it out.",
  "ssh.hostKeys": "Give what `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` shows on each host: SHA256:...",
  "ssh.privateKey": "Give a reference to the key, file:/PATH or env:NAME, never the key.",
}

const fields = Object.keys(schema.shape).join(", ")
const secrets = new Set(["password", "ssh.privateKey"])

/** Checks a pool's configuration. Throws INVALID_ARGUMENT that names the field. Touches nothing. */
export function parseXenserverConfig(input: unknown): XenserverConfig {
  const parsed = schema.safeParse(input)
  if (!parsed.success) throw fromIssue(parsed.error.issues[0], input)
  const config = parsed.data
  for (const one of urlsOf(config)) {
    const { protocol, hostname } = new URL(one)
    if (protocol === "http:" && !isLoopback(hostname)) {
      throw invalid("url", one, "would send the password in the clear", "Give https://HOST.")
    }
    if (protocol === "https:" && config.certificates.length === 0 && config.ca === undefined) {
      throw invalid("certificates", config.certificates, "names no certificate", hints["certificates"] ?? "")
    }
  }
  if (config.ca !== undefined && config.certificates.length > 0) {
    throw invalid("ca", config.ca, "stands beside certificates", "Give one of the two.")
  }
  if (config.control?.range !== undefined) parseControlRange(config.control.range)
  return config
}

/** The ways into the pool, in the order in which they are tried. */
export function urlsOf({ url: given }: Pick<XenserverConfig, "url">): readonly string[] {
  return typeof given === "string" ? [given] : given
}

function fromIssue(issue: z.core.$ZodIssue | undefined, input: unknown): Slash64Error {
  const unknownKey = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined
  const path = [...(issue?.path ?? []), ...(unknownKey === undefined ? [] : [unknownKey])].map(String)
  const names = path.filter((part) => !/^\d+$/.test(part))
  const field = names.length === 0 ? "config" : names.join(".")
  const hint = hints[field] ?? hints[names[0] ?? ""] ?? `The fields are ${fields}.`
  // A union tells of each of its kinds.
  const problem = issue?.code === "invalid_union" ? "neither https://HOST nor a list of such" : issue?.message
  if (secrets.has(field)) {
    return new Slash64Error("INVALID_ARGUMENT", `${field} is not file:/PATH or env:NAME`, { field, hint })
  }
  return invalid(field, unknownKey ?? valueAt(input, path), problem ?? "wrong", hint)
}

function isLoopback(hostname: string): boolean {
  return hostname === "[::1]" || (isIP(hostname) === 4 && hostname.startsWith("127."))
}

function valueAt(input: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    input,
  )
}
