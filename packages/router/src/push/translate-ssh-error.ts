import { createHash } from "node:crypto"
import { Slash64Error, isSlash64Error, type ErrorCode, type ErrorDetails } from "@slash64/core"

/** The errors of ssh2 by their `level`, and of sockets by their `code`; the first line that fits counts. */
const table: readonly {
  readonly level?: string
  readonly errno?: string
  readonly code: ErrorCode
  readonly problem: string
  readonly hint: string
}[] = [
  {
    level: "client-authentication",
    code: "UNAUTHENTICATED",
    problem: "it does not take the management key",
    hint: "the router was started with another management key: give the one that it was started with, or start it again",
  },
  {
    errno: "ECONNREFUSED",
    code: "UNAVAILABLE",
    problem: "nothing listens for SSH",
    hint: "the router may still be booting: try again in a few seconds",
  },
  {
    level: "client-timeout",
    code: "UNAVAILABLE",
    problem: "it stopped answering",
    hint: "see whether the router VM runs",
  },
  {
    level: "handshake",
    code: "UNAVAILABLE",
    problem: "no SSH handshake came about",
    hint: "see whether it is a router VM's sshd that answers",
  },
  {
    level: "protocol",
    code: "UNAVAILABLE",
    problem: "what it sends is not SSH",
    hint: "see whether it is a router VM's sshd that answers",
  },
]

const otherwise = {
  code: "UNAVAILABLE",
  problem: "the connection failed",
  hint: "see whether the router VM runs and its control network is up",
} as const

/** An error of ssh2 or of the stream below it as one of ours; one of ours stays as it is. */
export function translateSshError(
  error: unknown,
  router: { readonly routerId: string },
  details: Pick<ErrorDetails, "outcome"> = {},
): Slash64Error {
  if (isSlash64Error(error)) return error
  const [level, errno] = [textIn(error, "level"), textIn(error, "code")]
  const fits = (row: (typeof table)[number]) =>
    (row.level !== undefined && row.level === level) || (row.errno !== undefined && row.errno === errno)
  const { code, problem, hint } = table.find(fits) ?? otherwise
  const words = error instanceof Error ? error.message : String(error)
  return new Slash64Error(code, `router ${router.routerId}: ${problem} (${words})`, {
    ...details,
    hint,
    native: { level, code: errno, message: words },
    cause: error,
  })
}

/** Another host key than the pinned one: never accepted, whoever answers there. */
export function hostKeyMismatch(
  router: { readonly routerId: string; readonly hostKey: string },
  shown: Buffer,
): Slash64Error {
  const pinned = Buffer.from(router.hostKey.split(" ")[1] ?? "", "base64")
  const [seen, expected] = [fingerprint(shown), fingerprint(pinned)]
  return new Slash64Error(
    "PERMISSION_DENIED",
    `router ${router.routerId}: its host key is ${seen}, and ${expected} was expected`,
    {
      field: "hostKey",
      value: seen,
      hint:
        "somebody else answers at its address, or the router was started from another seed: " +
        "find out which, then remove the router and start it again",
    },
  )
}

/** A call that was aborted: DEADLINE_EXCEEDED where time ran out, else CANCELLED. */
export function translateAbort(
  reason: unknown,
  router: { readonly routerId: string },
  deed: string,
  details: Pick<ErrorDetails, "outcome"> = {},
): Slash64Error {
  const late = reason instanceof Error && reason.name === "TimeoutError"
  return new Slash64Error(
    late ? "DEADLINE_EXCEEDED" : "CANCELLED",
    `router ${router.routerId}: ${deed} ${late ? "took too long" : "was cancelled"}`,
    {
      ...details,
      hint: late ? "see whether the router VM runs, then try again" : "repeat it to complete it",
      cause: reason,
    },
  )
}

/** As `ssh-keygen -l` prints it. */
function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`
}

function textIn(error: unknown, key: string): string | undefined {
  if (typeof error !== "object" || error === null) return undefined
  const value: unknown = Reflect.get(error, key)
  return typeof value === "string" ? value : undefined
}
