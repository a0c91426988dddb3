import { abortError } from "@slash64/core"
import { type HostShell, type ShellOptions, type ShellResult, maxOutputBytes, quoteWord } from "./host-shell.ts"
import type { SshLink } from "./ssh-link.ts"

const environment = ["env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"]

/** Programs on the host behind an SSH connection. */
export function sshShell(link: SshLink, user: string): HostShell {
  const sudo = user === "root" ? [] : ["sudo", "-n", "--"]
  return {
    run: (argv, options) => {
      const words = [...(options.asRoot === true ? sudo : []), ...environment, ...argv]
      return runOverSsh(link, words.map(quoteWord).join(" "), options)
    },
  }
}

async function runOverSsh(link: SshLink, command: string, options: ShellOptions): Promise<ShellResult> {
  const { signal } = options
  const channel = await link.exec(command, signal)
  return new Promise((resolve, reject) => {
    const out: Buffer[] = []
    const err: Buffer[] = []
    let size = 0
    let ended = 128
    const abort = (): void => {
      channel.close()
      reject(abortError(signal))
    }
    signal.addEventListener("abort", abort, { once: true })
    const collect = (into: Buffer[]) => (chunk: Buffer) => {
      size += chunk.length
      if (size > maxOutputBytes) channel.close()
      else into.push(chunk)
    }
    channel.on("data", collect(out))
    channel.stderr.on("data", collect(err))
    channel.on("exit", (code: number | null) => (ended = code ?? 128))
    channel.on("close", () => {
      signal.removeEventListener("abort", abort)
      resolve({ code: ended, stdout: Buffer.concat(out).toString("utf8"), stderr: Buffer.concat(err).toString("utf8") })
    })
    channel.end(options.stdin ?? "")
  })
}
