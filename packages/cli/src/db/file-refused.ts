import { Slash64Error } from "@slash64/core"

export function isThere(field: string, path: string): Slash64Error {
  return new Slash64Error("ALREADY_EXISTS", `${field} ${path}: it is there, and nothing is overwritten`, {
    field,
    value: path,
    hint: "Name another one.",
  })
}

/** What node:fs refuses of a file that is written; any other error as it is. */
export function refused(field: string, path: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || !("syscall" in cause)) return cause
  const details = { field, value: path, cause }
  if (hasCode(cause, "ENOSPC"))
    return new Slash64Error("RESOURCE_EXHAUSTED", `${field} ${path}: the disk is full`, {
      ...details,
      hint: "Make room, or name a place on another disk.",
    })
  return new Slash64Error("PERMISSION_DENIED", `${field} ${path}: ${cause.message}`, {
    ...details,
    hint: "Name a place where this user may write.",
  })
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code
}
