import { STATUS_CODES } from "node:http"
import { errorCodes, isSlash64Error } from "@slash64/core"
import type { ErrorCode } from "@slash64/core"
import { z } from "zod"

/** What the HTTP status of an error is; its code says more. */
export const statusOf: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  FAILED_PRECONDITION: 409,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 507,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
  CANCELLED: 503,
  DATA_LOSS: 500,
  INTERNAL: 500,
  // A host, a router or a file refused the server: with the client's own right to ask it has nothing to do.
  UNAUTHENTICATED: 502,
  PERMISSION_DENIED: 502,
}

/** Problem details (RFC 9457). Of type about:blank: `code` is what tells one kind from another. */
export const problemShape = z.strictObject({
  type: z.literal("about:blank"),
  title: z.string().meta({ description: "The words of the HTTP status" }),
  status: z.int(),
  detail: z.string().meta({ description: "What is wrong, with field and value, for a person" }),
  code: z.enum(errorCodes).meta({ description: "The error code, as in SPEC.md" }),
  field: z.string().meta({ description: "The field at fault: `ipv6.prefix`" }).optional(),
  value: z.string().meta({ description: "The value at fault" }).optional(),
  hint: z.string().meta({ description: "What to do now, for a person" }).optional(),
  outcome: z.literal("unknown").meta({ description: "It may have happened; a repeat finds out" }).optional(),
  requestId: z.string().meta({ description: "What the server's log calls the request" }),
})
export type Problem = z.output<typeof problemShape>

/** An error as a client sees it: what is below (`native`, `cause`), and what is no error of ours, goes to the log alone. */
export function toProblem(error: unknown, requestId: string, status?: number): Problem {
  if (!isSlash64Error(error)) {
    const hint = "Look in the server's log for the request id, and report what it says."
    return { ...head(500), detail: "a defect of slash64", code: "INTERNAL", hint, requestId }
  }
  const { code, message, field, value, hint, outcome } = error
  return {
    ...head(status ?? statusOf[code] ?? 500),
    detail: message,
    code,
    ...(field !== undefined && { field }),
    ...(value !== undefined && { value }),
    ...(hint !== undefined && { hint }),
    ...(outcome !== undefined && { outcome }),
    requestId,
  }
}

function head(status: number): Pick<Problem, "type" | "title" | "status"> {
  return { type: "about:blank", title: STATUS_CODES[status] ?? "Error", status }
}
