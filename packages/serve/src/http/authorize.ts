import { createHash, timingSafeEqual } from "node:crypto"

/** Whether the `Authorization` header bears the token, in a time that says nothing of where they differ. */
export function isAuthorized(header: string | undefined, token: string): boolean {
  return isToken(/^Bearer +(.+)$/i.exec(header ?? "")?.[1], token)
}

/** The same for a browser, which asks its reader for a name and a password (RFC 7617): the password is the token. */
export function isReader(header: string | undefined, token: string): boolean {
  const pair = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(header ?? "")?.[1] ?? ""
  return isToken(/^[^:]*:(.*)$/s.exec(Buffer.from(pair, "base64").toString("utf8"))?.[1], token)
}

function isToken(given: string | undefined, token: string): boolean {
  return given !== undefined && timingSafeEqual(digest(given), digest(token))
}

/** Of one length, whatever was given. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest()
}
