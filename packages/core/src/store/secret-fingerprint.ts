import { createHmac } from "node:crypto"
import { Slash64Error } from "../errors.ts"

/**
 * What a store keeps of its secret, to know it again: 16 hex digits, from which nobody finds the secret. Each store
 * takes down the fingerprint of the first secret that it is opened with, and refuses another from then on.
 */
export function secretFingerprint(secret: Uint8Array): string {
  return createHmac("sha256", secret).update("slash64 secret fingerprint").digest("hex").slice(0, 16)
}

/**
 * The error of a store that is opened with another secret than its own. `secretFile` where the secret has a file;
 * `lost` ends the hint where the engine has a way out when the secret is lost.
 */
export function otherSecret(store: string, secretFile: string | undefined, lost = ""): Slash64Error {
  const secret = secretFile ?? "that was given"
  return new Slash64Error("FAILED_PRECONDITION", `secret ${secret}: store ${store} was made with another one`, {
    field: "secret",
    value: secret,
    hint: `put back the secret that belongs to this store: with another one, NICs would get other addresses than before${lost}`,
  })
}
