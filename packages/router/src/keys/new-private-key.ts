import ssh2 from "ssh2"

/** A new ed25519 key in OpenSSH's format. ssh2 1.17 makes one in 256 that neither it nor OpenSSH can read: another, then. */
export function newPrivateKey(): string {
  for (;;) {
    const key = ssh2.utils.generateKeyPairSync("ed25519").private
    if (!(ssh2.utils.parseKey(key) instanceof Error)) return key
  }
}
