/** The codes of gRPC (google.rpc.Code), the only ones that cross the contract. */
export const errorCodes = [
  "CANCELLED",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "UNAUTHENTICATED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** What an error carries besides its message; plain JSON but for `cause`. */
export interface ErrorDetails {
  /** The field at fault, as the caller spells it: `prefix`, `range.start`, `nic.mac`. */
  readonly field?: string
  /** The value at fault, as it was given. Never a secret. */
  readonly value?: string
  /** What to do now, for a person. */
  readonly hint?: string
  /** The error of the system below as it gave it: libvirt's code and domain, XAPI's code and parameters. */
  readonly native?: unknown
  /** `unknown`: a mutation was sent and no answer came, so it may have happened; read back before you repeat. */
  readonly outcome?: "unknown"
  readonly cause?: unknown
}

const brand = "slash64.error/1"
const retryableCodes: ReadonlySet<string> = new Set<ErrorCode>(["UNAVAILABLE", "ABORTED", "DEADLINE_EXCEEDED"])

/**
 * The one error class of slash64. Known across packages, copies of core and processes by its brand and
 * `code` (see {@link isSlash64Error}), never by `instanceof`.
 */
export class Slash64Error extends Error {
  readonly brand = brand
  readonly code: ErrorCode
  readonly field?: string
  readonly value?: string
  readonly hint?: string
  readonly native?: unknown
  readonly outcome?: "unknown"

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    const { cause, ...own } = details
    super(message, cause === undefined ? undefined : { cause })
    this.name = "Slash64Error"
    this.code = code
    Object.assign(this, own)
  }

  /** Whether the same call may succeed when repeated unchanged; follows from the code alone. */
  get retryable(): boolean {
    return isRetryable(this)
  }
}

/**
 * Whether the same call may succeed when repeated unchanged. By the code, because an error of another copy of core, or
 * of another process, may come without the getter.
 */
export function isRetryable({ code }: { readonly code: string }): boolean {
  return retryableCodes.has(code)
}

/** Whether `error` is a slash64 error, whichever copy of core made it. */
export function isSlash64Error(error: unknown): error is Slash64Error {
  return typeof error === "object" && error !== null && "brand" in error && error.brand === brand
}

/** What was thrown, in words, whatever it is. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message
  try {
    return String(thrown)
  } catch {
    return Object.prototype.toString.call(thrown)
  }
}

/** INVALID_ARGUMENT that names the field, the value as given, and what would be right. Undefined: it is missing. */
export function invalid(field: string, value: unknown, problem: string, hint: string): Slash64Error {
  const shown = quote(value)
  const message = value === undefined ? `${field} is missing` : `${field} ${shown}: ${problem}`
  return new Slash64Error("INVALID_ARGUMENT", message, { field, value: shown, hint })
}

/** A value on one line for a message or a log: JSON, so a control character cannot forge another line. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}
