import { Slash64Error } from "../errors.ts"

/** An error of node:fs as one of ours, on `field`; any other is given back as it is. */
export function translateFileError(error: unknown, field: string, file: string): unknown {
  if (!(error instanceof Error) || !("syscall" in error)) return error
  const details = { field, value: file, native: { message: error.message }, cause: error }
  if ("code" in error && error.code === "ENOSPC")
    return new Slash64Error("RESOURCE_EXHAUSTED", `${field} ${file}: the disk is full`, {
      ...details,
      hint: "make room and repeat",
    })
  const hint = "name another file, or let this user write there"
  return new Slash64Error("PERMISSION_DENIED", `${field} ${file}: ${error.message}`, { ...details, hint })
}
