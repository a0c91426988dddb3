import type { ErrorCode } from "@slash64/core"

/**
 * The exit code of each error code, stable: the number of the gRPC status, but for what a shell has its own number
 * for: 1 for a defect, 2 for a bad argument, 130 for an interrupt.
 */
export const exitCodes: Readonly<Record<ErrorCode, number>> = {
  INTERNAL: 1,
  INVALID_ARGUMENT: 2,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
  CANCELLED: 130,
}

const meanings: Readonly<Record<ErrorCode, string>> = {
  INTERNAL: "a defect of slash64",
  INVALID_ARGUMENT: "an argument is wrong; the message names it",
  DEADLINE_EXCEEDED: "--timeout passed; repeat the command",
  NOT_FOUND: "no such host, network, VM, template or bridge",
  ALREADY_EXISTS: "the name, id or address is another's",
  PERMISSION_DENIED: "the host or a file refuses",
  RESOURCE_EXHAUSTED: "no address, disk space or memory left",
  FAILED_PRECONDITION: "something has to be done before; the hint says what",
  ABORTED: "somebody else changed it at the same time; repeat",
  UNIMPLEMENTED: "this host or installation cannot do it",
  UNAVAILABLE: "a host or router does not answer; repeat",
  DATA_LOSS: "a file or upload is damaged",
  UNAUTHENTICATED: "a key or password is refused, or a host key is another",
  CANCELLED: "interrupted; the error names the command to repeat",
}

export interface ExitCodeRow {
  readonly exitCode: number
  readonly code: string
  readonly meaning: string
}

/** All exit codes in order, for the help and the README. */
export const exitCodeTable: readonly ExitCodeRow[] = [
  { exitCode: 0, code: "", meaning: "done, or already so" },
  ...Object.entries(exitCodes).map(([code, exitCode]) => ({
    exitCode,
    code,
    meaning: Object.entries(meanings).find(([key]) => key === code)?.[1] ?? "",
  })),
]
