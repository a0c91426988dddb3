import { invalid } from "@slash64/core"

/**
 * The public key blob of a line such as `ssh-ed25519 AAAA... comment` (RFC 4253 section 6.6). A known_hosts line,
 * with the host in front, is read too.
 */
export function parseHostKey(line: string): Buffer {
  const words = line.trim().split(/\s+/)
  const at = words.findIndex((word) => /^(ssh|ecdsa)-[a-z0-9-]+$/.test(word))
  const type = words[at]
  const encoded = words[at + 1]
  if (at < 0 || at > 1 || type === undefined || encoded === undefined || /[\r\n]/.test(line.trim())) throw refuse(line)
  const blob = Buffer.from(encoded, "base64")
  if (blob.toString("base64") !== encoded || blob.length < 4 + type.length) throw refuse(line)
  const named = blob.subarray(4, 4 + blob.readUInt32BE(0)).toString("latin1")
  if (named !== type) throw refuse(line)
  return blob
}

function refuse(line: string): Error {
  return invalid(
    "hostKey",
    line,
    "not a public key line",
    "Give it as `ssh-ed25519 AAAA...`, from ssh-keyscan or the host's .pub file.",
  )
}
