/** What every call of the contract takes beside its request. */
export interface Call {
  /** For tracing only; objects are identified by the ids in the request. */
  readonly requestId: string
  /** Cancellation and deadline in one; a call that is aborted rejects with CANCELLED or DEADLINE_EXCEEDED. */
  readonly signal: AbortSignal
  /** Tells how far the call is. May be called often; never throws. */
  report(progress: Progress): void
}

export interface Progress {
  /** What is being done, in the present tense, for a person: `uploading router template`. */
  readonly step: string
  /** Units done and in all, where they are known. */
  readonly done?: number
  readonly total?: number
  readonly unit?: "bytes"
}
