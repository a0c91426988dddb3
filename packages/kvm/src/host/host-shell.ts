import { Slash64Error, quote } from "@slash64/core"

/** Runs programs on the host. Arguments are passed as they are: no shell sees them unquoted. */
export interface HostShell {
  run(argv: readonly string[], options: ShellOptions): Promise<ShellResult>
}

export interface ShellOptions {
  readonly signal: AbortSignal
  readonly stdin?: string
  /** By `sudo -n` where the user is not root. */
  readonly asRoot?: boolean
}

export interface ShellResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The most that a program may print; more is an error, so that nobody fills our memory. */
export const maxOutputBytes = 8 * 1024 * 1024

/** Runs a program that must succeed, and gives its output. FAILED_PRECONDITION with the program's own words. */
export async function runOk(shell: HostShell, argv: readonly string[], options: ShellOptions): Promise<string> {
  const result = await shell.run(argv, options)
  if (result.code !== 0) throw commandFailed(argv, result)
  return result.stdout
}

export function commandFailed(argv: readonly string[], result: ShellResult): Slash64Error {
  const words = result.stderr.trim() || result.stdout.trim()
  const missing = result.code === 127
  return new Slash64Error(
    "FAILED_PRECONDITION",
    `${argv[0] ?? ""} on the host ${missing ? "is not installed" : `ended with ${result.code}`}: ${quote(words)}`,
    {
      hint: missing ? `Install ${argv[0] ?? "it"} on the host.` : "See the program's own words.",
      native: { argv, code: result.code, stderr: words.slice(0, 2000) },
    },
  )
}

/** One word of a POSIX shell's command line: single quotes take everything but themselves. */
export function quoteWord(word: string): string {
  if (word.includes("\0")) {
    throw new Slash64Error("INVALID_ARGUMENT", "an argument has a NUL character", { value: quote(word) })
  }
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
