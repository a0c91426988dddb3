import { Slash64Error, quote } from "../errors.ts"

interface Details {
  readonly code?: "FAILED_PRECONDITION" | "ALREADY_EXISTS"
  /** Before the remedy. */
  readonly note?: string | undefined
  readonly cause?: unknown
}

/** The error of a package that cannot serve as a plugin: names it and says what to do. */
export function brokenPlugin(
  name: string,
  problem: string,
  { code = "FAILED_PRECONDITION", note, cause }: Details = {},
): Slash64Error {
  const remedy =
    "Take it out of the configuration, or install a version that works. SPEC.md says what a plugin must be."
  return new Slash64Error(code, `plugin package ${quote(name)} ${problem}`, {
    field: "plugins",
    value: quote(name),
    hint: note === undefined ? remedy : `${note} ${remedy}`,
    ...(cause === undefined ? {} : { cause }),
  })
}
