import { createHash, createHmac } from "node:crypto"
import { LibvirtConnectionError } from "../connection-error.ts"

/** The host keys that a server may show. */
export interface HostKeyPins {
  readonly accepts: (key: Buffer) => boolean
  /** The types of key to ask the server for; undefined where a pin is a fingerprint, which names no type. */
  readonly types: readonly string[] | undefined
}

/**
 * Parses what pins a server's key. Each pin is a fingerprint (`SHA256:...`, as ssh-keygen -l prints it), a public key
 * (`ssh-ed25519 AAAA...`), or a line of a known_hosts file, plain or hashed, which counts when it names this host.
 * Markers and patterns are refused. No pin for this host is INVALID_ARGUMENT: a key is never trusted on first use.
 */
export function parseHostKeyPins(pins: readonly string[], host: string, port: number): HostKeyPins {
  const name = port === 22 ? host : `[${host}]:${port}`
  const fingerprints = new Set<string>()
  const types = new Set<string>()
  let untyped = false
  for (const line of pins.flatMap((pin) => pin.split("\n")).map((pin) => pin.trim())) {
    if (line === "" || line.startsWith("#")) continue
    const pin = parsePin(line)
    if (pin.hosts !== undefined && !pin.hosts.some((pattern) => names(pattern, name))) continue
    fingerprints.add(pin.fingerprint)
    if (pin.type === undefined) untyped = true
    else types.add(pin.type)
  }
  if (fingerprints.size === 0) {
    const text =
      `hostKeys: no pin names ${name}, and a host key is never trusted on first use. Give the key's fingerprint, ` +
      "the key, or its known_hosts line; `ssh-keyscan` and the server's own console show it"
    throw new LibvirtConnectionError("INVALID_ARGUMENT", text)
  }
  return { accepts: (key) => fingerprints.has(fingerprintOf(key)), types: untyped ? undefined : [...types] }
}

/** As OpenSSH writes it: SHA256 and base64 without padding. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`
}

interface Pin {
  readonly hosts: readonly string[] | undefined
  readonly type: string | undefined
  readonly fingerprint: string
}

function parsePin(line: string): Pin {
  if (/^SHA256:[A-Za-z\d+/]{43}$/.test(line)) return { hosts: undefined, type: undefined, fingerprint: line }
  const [, hosts, type, key] = linePattern.exec(line) ?? []
  if (type === undefined || key === undefined || hosts?.startsWith("@") === true || /[*?!]/.test(hosts ?? "")) {
    const text = "is no fingerprint SHA256:..., no public key, and no known_hosts line without markers and patterns"
    throw new LibvirtConnectionError("INVALID_ARGUMENT", `hostKeys: ${JSON.stringify(line)} ${text}`)
  }
  const bytes = Buffer.from(key, "base64")
  const length = bytes.length < 4 ? 0 : bytes.readUInt32BE(0)
  if (bytes.toString("latin1", 4, 4 + length) !== type) {
    throw new LibvirtConnectionError("INVALID_ARGUMENT", `hostKeys: the key of ${JSON.stringify(line)} is no ${type}`)
  }
  return { hosts: hosts?.split(","), type, fingerprint: fingerprintOf(bytes) }
}

const linePattern = /^(?:(\S+)\s+)?(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521))\s+([A-Za-z\d+/]+=*)(?:\s.*)?$/

/** known_hosts names a host as it is, or as `|1|salt|HMAC-SHA1(salt, name)` (sshd(8)). */
function names(pattern: string, name: string): boolean {
  const [, salt, hash] = /^\|1\|([^|]+)\|(.+)$/.exec(pattern) ?? []
  if (salt === undefined || hash === undefined) return pattern.toLowerCase() === name.toLowerCase()
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash
}
