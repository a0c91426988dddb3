import { execFile } from "node:child_process"
import { promisify } from "node:util"

const run = promisify(execFile)

/** Runs a program without a shell and gives what it printed; rejects with its last words. */
export async function runProgram(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(program, [...args], { maxBuffer: 16 * 1024 * 1024 })
  return stdout
}
