import type { EventKind, RoadFact } from "../events/road-event.ts"
import type { RoadLog } from "./road-log.ts"

/** One line for each event: its words by its kind, the rest as fields. README.md says what the levels mean. */
export function logEvent(log: RoadLog, { kind, ...fields }: RoadFact, error: unknown): void {
  const details = { event: kind, ...fields, ...(error === undefined ? {} : { error }) }
  log[levelOf(kind, "code" in fields ? fields.code : undefined)](details, words[kind])
}

const words: Readonly<Record<EventKind, string>> = {
  "network-created": "network created",
  "network-changed": "network changed",
  "network-removed": "network removed",
  "pool-created": "pool created",
  "pool-resized": "pool resized",
  "pool-removed": "pool removed",
  "prefix-claimed": "/64 claimed",
  "prefix-released": "/64 released",
  "nic-claimed": "NIC claimed",
  "nic-attached": "NIC attached",
  "nic-default": "NIC is its VM's default",
  "nic-leaving": "NIC leaving",
  "nic-detached": "NIC detached",
  "addresses-exhausted": "no address left",
  "router-started": "router started",
  "router-converged": "router converged",
  "router-not-converged": "router not converged",
  "router-removed": "router removed",
  "step-failed": "a step failed and is done again",
  "road-ended": "road ended",
  "road-failed": "road failed",
}

type Level = "debug" | "info" | "warn" | "error"

/** `error` is for what an administrator has to look at; what the caller did wrong is told to the caller. */
function levelOf(kind: EventKind, code: string | undefined): Level {
  switch (kind) {
    case "road-ended":
      return "debug"
    case "step-failed":
    case "addresses-exhausted":
    case "router-not-converged":
      return "warn"
    case "road-failed":
      return code === "INTERNAL" || code === "DATA_LOSS" ? "error" : "warn"
    default:
      return "info"
  }
}
