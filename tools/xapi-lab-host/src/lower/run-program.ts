import { spawn } from "node:child_process"
import { text } from "node:stream/consumers"

export interface RunOptions {
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a program without a shell and gives what it printed; rejects with its last words. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { input = "", env = {} }: RunOptions = {},
): Promise<string> {
  const child = spawn(program, args, { env: { ...process.env, LC_ALL: "C", ...env } })
  const { promise, resolve, reject } = Promise.withResolvers<number | string | null>()
  child.once("error", reject)
  child.once("close", (code, signal) => resolve(code ?? signal))
  // One that ends before it has read its input says so by its exit code.
  child.stdin.on("error", () => undefined)
  child.stdin.end(input)
  const [code, output, complaint] = await Promise.all([promise, text(child.stdout), text(child.stderr)])
  if (code === 0) return output
  throw new Error(`${program} ${args.slice(0, 6).join(" ")} ended with ${code}: ${complaint.trim().slice(-1000)}`)
}
