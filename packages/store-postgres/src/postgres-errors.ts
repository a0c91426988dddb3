import { Slash64Error } from "@slash64/core"
import type { ErrorCode } from "@slash64/core"
import { DatabaseError } from "pg"

/** What came of a statement that failed. */
export type Failure =
  /** Somebody else was in the way; nothing was changed, and the same again may succeed. */
  | "conflict"
  /** No answer: whether a statement that was sent took effect is not known. */
  | "lost"
  /** The server would not have us now. */
  | "away"
  /** The same again fails again. */
  | "final"

interface Meaning {
  readonly failure: Failure
  readonly code: ErrorCode
  readonly problem: string
  readonly hint: string
}

const conflict = (code: ErrorCode, problem: string, hint: string): Meaning => ({
  failure: "conflict",
  code,
  problem,
  hint,
})
const gone = (failure: "lost" | "away", problem: string, hint: string): Meaning => ({
  failure,
  code: "UNAVAILABLE",
  problem,
  hint,
})
const final = (code: ErrorCode, problem: string, hint: string): Meaning => ({ failure: "final", code, problem, hint })

/** SQLSTATE codes (PostgreSQL 15, appendix A), and what Node calls what a socket or TLS says. */
const meanings: readonly (readonly [code: RegExp, meaning: Meaning])[] = [
  [/^(40001|40P01|23505)$/, conflict("ABORTED", "others changed the same all the time", "repeat")],
  [/^55P03$/, conflict("UNAVAILABLE", "another program holds a lock", "repeat; look for a program that hangs")],
  // 40003: CockroachDB cannot tell the outcome of a commit.
  [/^(40003|57P01|57P02|08...)$/, gone("lost", "the server ended the connection", "repeat")],
  [/^(57P03|53300)$/, gone("away", "the server takes no connection now", "repeat in a moment")],
  [/^(E[A-Z]+|TIMEOUT)$/, gone("lost", "the server does not answer", "see that it runs there, and repeat")],
  [
    /^28...$/,
    final("UNAUTHENTICATED", "the server refuses this user", "look at user and password, and at pg_hba.conf"),
  ],
  [/^SASL$/, final("UNAUTHENTICATED", "the server asks for a password", "give it in PGPASSWORD or ~/.pgpass")],
  [
    /^NOTLS$/,
    final("UNAUTHENTICATED", "the server has no TLS", "switch TLS on there; sslmode=disable on a safe network"),
  ],
  [/CERT|SIGNATURE|ISSUER|^ERR_(TLS|SSL)/, final("UNAUTHENTICATED", "its certificate is refused", "give sslrootcert")],
  [/^3D000$/, final("FAILED_PRECONDITION", "there is no such database", "make it first: createdb")],
  [/^42501$/, final("PERMISSION_DENIED", "this user may not do that", "let it own the database or its schema")],
  [/^25006$/, final("PERMISSION_DENIED", "the server is read-only", "name the primary, not a standby")],
  [/^53100$/, final("RESOURCE_EXHAUSTED", "the server's disk is full", "make room and repeat: nothing was changed")],
  [/^53[24]00$/, final("RESOURCE_EXHAUSTED", "the server has no room left", "look at the server's log, and repeat")],
  [/^57014$/, final("UNAVAILABLE", "the server cancelled the statement", "repeat; look at its statement_timeout")],
  [/^58...$/, final("UNAVAILABLE", "the server's disk failed to read or write", "look at the server's log")],
  [/^XX00[12]$/, final("DATA_LOSS", "the database is corrupt", "put back a backup; keep the database for a look")],
]

export function failureOf(error: unknown): Failure {
  return meaningOf(error)?.failure ?? "final"
}

/** An error of the driver as one of ours. `store`: the database's name without a password. */
export function translatePostgresError(error: unknown, store: string, outcome?: "unknown"): Slash64Error {
  const state = sqlState(error)
  const { code, problem, hint } = meaningOf(error) ?? final("INTERNAL", messageOf(error), "report this fault")
  return new Slash64Error(code, `store ${store}: ${problem}`, {
    field: "store",
    value: store,
    hint,
    native: { code: state, message: messageOf(error) },
    ...(outcome && { outcome }),
    cause: error,
  })
}

function meaningOf(error: unknown): Meaning | undefined {
  const state = sqlState(error)
  return meanings.find(([code]) => code.test(state))?.[1]
}

/** The code of an error; the driver has none for what it finds itself (8.23). */
export function sqlState(error: unknown): string {
  if (error instanceof DatabaseError) return error.code ?? ""
  if (!(error instanceof Error)) return ""
  if ("code" in error && typeof error.code === "string") return error.code
  if (error.message.startsWith("SASL")) return "SASL"
  if (/does not support SSL/.test(error.message)) return "NOTLS"
  return /timeout|terminated|not queryable|closed/i.test(error.message) ? "TIMEOUT" : ""
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The unique index that refuses a row; undefined: the error is another. */
export function constraintOf(error: unknown): string | undefined {
  return error instanceof DatabaseError && error.code === "23505" ? (error.constraint ?? "") : undefined
}
