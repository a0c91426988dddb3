import { createHash, timingSafeEqual } from "node:crypto"

/** Whether the `Authorization` header bears the token, in a time that says nothing of where they differ. */
export function isAuthorized(header: string | undefined, token: string): boolean {
  const given = /^Bearer +(.+)$/i.exec(header ?? "")?.[1] ?? ""
  return timingSafeEqual(digest(given), digest(token))
}

/** Of one length, whatever was given. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest()
}
