import type { ErrorCode } from "@slash64/core"

/** One thing that somebody may hand in, and the error that answers it. */
export interface BadInput {
  readonly what: string
  /** Rejects or throws; nothing is changed by it. */
  readonly run: () => unknown
  readonly code: ErrorCode
  readonly field: string
}
