import { isSlash64Error, messageOf, plainText } from "@slash64/core"
import { exitCodes } from "../exit-code.ts"

/** An error as `--json` gives it. What is below it (`native`, `cause`) goes to the log alone. */
export interface ShownError {
  readonly code: string
  readonly message: string
  readonly field?: string
  readonly value?: string
  readonly hint?: string
  readonly outcome?: "unknown"
}

export function showError(error: unknown): ShownError {
  if (!isSlash64Error(error)) {
    return {
      code: "INTERNAL",
      message: messageOf(error),
      hint: "This is a defect: repeat with --log-level debug and report what it says.",
    }
  }
  return {
    code: error.code,
    message: error.message,
    ...(error.field !== undefined && { field: error.field }),
    ...(error.value !== undefined && { value: error.value }),
    ...(error.hint !== undefined && { hint: error.hint }),
    ...(error.outcome !== undefined && { outcome: error.outcome }),
  }
}

export function exitCodeOf(error: unknown): number {
  return isSlash64Error(error) ? (exitCodes[error.code] ?? 1) : 1
}

/** The error for a person. */
export function errorLines(error: ShownError): string {
  const hint = error.hint === undefined ? "" : `hint: ${plainText(error.hint)}\n`
  return `error: ${plainText(error.message)}\n${hint}`
}
