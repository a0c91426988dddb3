import { spawn } from "node:child_process"
import { Slash64Error, quote } from "@slash64/core"

export interface CommandOptions {
  readonly signal?: AbortSignal | undefined
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/**
 * Runs a program without a shell and gives its standard output. A program that is not there is
 * FAILED_PRECONDITION, one that ends with another code than 0 INTERNAL with its last words, an aborted signal
 * CANCELLED.
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, LC_ALL: "C", ...options.env },
    signal: options.signal,
    stdio: ["ignore", "pipe", "pipe"],
  })
  let output = ""
  let complaint = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint = (complaint + text).slice(-4000)))
  child.on("error", (error) => reject(cannotRun(program, error)))
  child.on("close", (code, killedBy) => {
    if (code === 0) resolve(output)
    else reject(failed(program, args, code ?? killedBy, complaint.trim() || output.slice(-4000).trim()))
  })
  return promise
}

function cannotRun(program: string, error: Error): Slash64Error {
  if (error.name === "AbortError") return new Slash64Error("CANCELLED", `${program} was cancelled`, { cause: error })
  return new Slash64Error("FAILED_PRECONDITION", `program ${quote(program)}: cannot be run: ${error.message}`, {
    field: "program",
    value: program,
    hint: "install the Debian package that has it",
    cause: error,
  })
}

function failed(
  program: string,
  args: readonly string[],
  code: number | string | null,
  complaint: string,
): Slash64Error {
  return new Slash64Error("INTERNAL", `${program} ${args.slice(0, 6).join(" ")} ended with ${code}: ${complaint}`, {
    field: "program",
    value: program,
    hint: "the program's own words are in the message",
    native: { code, complaint },
  })
}
