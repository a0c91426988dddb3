import { spawn } from "node:child_process"

/**
 * Runs a program that writes to our own terminal. Gives its exit code; after `deadlineMs` it is ended, with all that
 * it started in its process group, and the code is 124, as timeout(1) has it. Ctrl-C ends it and us.
 */
export async function runProgram(program: string, args: readonly string[], deadlineMs: number): Promise<number> {
  const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"], detached: true })
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject)
    child.once("exit", (code) => {
      resolve(code ?? 1)
    })
  })
  let interruptedBy: NodeJS.Signals | undefined
  const interrupt = (signal: NodeJS.Signals): void => {
    interruptedBy = signal
    signalGroup(child.pid, "SIGINT")
  }
  process.on("SIGINT", interrupt)
  process.on("SIGTERM", interrupt)
  let late = false
  const terminate = setTimeout(() => {
    late = true
    signalGroup(child.pid, "SIGTERM")
  }, deadlineMs)
  const kill = setTimeout(() => {
    signalGroup(child.pid, "SIGKILL")
  }, deadlineMs + 10_000)
  try {
    const code = await ended
    if (interruptedBy !== undefined) {
      process.stderr.write(`slash64: ended by ${interruptedBy}, in the middle of ${program}\n`)
      process.exit(130)
    }
    return late ? 124 : code
  } finally {
    process.off("SIGINT", interrupt)
    process.off("SIGTERM", interrupt)
    clearTimeout(terminate)
    clearTimeout(kill)
  }
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // The group has ended by itself.
  }
}
