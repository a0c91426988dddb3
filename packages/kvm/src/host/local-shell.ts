import { spawn } from "node:child_process"
import { Slash64Error, abortError } from "@slash64/core"
import { type HostShell, type ShellOptions, type ShellResult, maxOutputBytes } from "./host-shell.ts"

/** What a user's PATH often lacks, and English words. */
const settings = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" }

/** Programs on this machine. */
export function localShell(): HostShell {
  const sudo = process.getuid?.() === 0 ? [] : ["sudo", "-n", "--"]
  return { run: (argv, options) => runLocally([...(options.asRoot === true ? sudo : []), ...argv], options) }
}

function runLocally(argv: readonly string[], options: ShellOptions): Promise<ShellResult> {
  const [program = "", ...rest] = argv
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      env: { ...process.env, ...settings },
      signal: options.signal,
      stdio: ["pipe", "pipe", "pipe"],
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    let size = 0
    const collect = (into: Buffer[]) => (chunk: Buffer) => {
      size += chunk.length
      if (size > maxOutputBytes) child.kill("SIGKILL")
      else into.push(chunk)
    }
    child.stdout.on("data", collect(out))
    child.stderr.on("data", collect(err))
    child.stdin.on("error", () => {})
    child.stdin.end(options.stdin ?? "")
    child.on("error", (error) => {
      if (options.signal.aborted) reject(abortError(options.signal))
      else if ("code" in error && error.code === "ENOENT")
        resolve({ code: 127, stdout: "", stderr: `${program}: not found` })
      else reject(new Slash64Error("INTERNAL", `${program} cannot be started: ${error.message}`, { cause: error }))
    })
    child.on("close", (code, signal) => {
      const stderr = Buffer.concat(err).toString("utf8")
      resolve({
        code: code ?? 128,
        stdout: Buffer.concat(out).toString("utf8"),
        stderr: signal === null ? stderr : `${stderr}\nkilled by ${signal}`,
      })
    })
  })
}
