import { withoutSecrets } from "@slash64/core"
import type { RoadLog } from "@slash64/core"
import { pino } from "pino"
import type { DestinationStream } from "pino"

export const logLevels = ["trace", "debug", "info", "warn", "error", "silent"] as const
export type LogLevel = (typeof logLevels)[number]

/** Lines of JSON on standard error; standard output is for the answer alone. */
export function newLog(level: LogLevel, destination: DestinationStream): RoadLog {
  return withoutSecrets(pino({ level, base: null }, destination))
}
