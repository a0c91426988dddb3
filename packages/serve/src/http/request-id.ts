import { randomUUID } from "node:crypto"

/** The caller's own id of the request, where it can stand in a log as it is; else a new one. */
export function requestIdOf(given: string | undefined): string {
  return given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID()
}
