import { redactFields } from "../secrets/redact.ts"

/** pino's shape: what happened in words, the rest as fields; `child` is asked once for each road that is taken. */
export interface RoadLog {
  child(bindings: object): RoadLog
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

export const silentLog: RoadLog = {
  child: () => silentLog,
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
}

/** The same log behind the rule of {@link redactFields}: no secret reaches it, whichever logger writes. */
export function withoutSecrets(log: RoadLog): RoadLog {
  if (log === silentLog) return log
  return {
    child: (bindings) => withoutSecrets(log.child(redactFields(bindings))),
    debug: (details, message) => log.debug(redactFields(details), message),
    info: (details, message) => log.info(redactFields(details), message),
    warn: (details, message) => log.warn(redactFields(details), message),
    error: (details, message) => log.error(redactFields(details), message),
  }
}
