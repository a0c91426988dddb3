import { pino } from "pino"
import type { DestinationStream, Logger } from "pino"

export const logLevels = ["trace", "debug", "info", "warn", "error", "silent"] as const
export type LogLevel = (typeof logLevels)[number]

/** Fields that may hold a secret, wherever they stand in what is logged. */
const secretFields = ["password", "privateKey", "passphrase", "secret", "seed", "token", "authorization"]

/** Lines of JSON on standard error; standard output is for the answer alone. */
export function newLog(level: LogLevel, destination: DestinationStream): Logger {
  const paths = secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`, `*.*.*.${field}`])
  return pino({ level, base: null, redact: { paths, censor: "(not shown)" } }, destination)
}
