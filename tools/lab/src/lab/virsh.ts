import { execFile } from "node:child_process"
import { promisify } from "node:util"

const execute = promisify(execFile)

/** Runs `virsh`, each value an argument, and gives what it printed. */
export async function virsh(uri: string, args: readonly string[], signal?: AbortSignal): Promise<string> {
  const options = { timeout: 60_000, ...(signal === undefined ? {} : { signal }) }
  return (await execute("virsh", ["-q", "-c", uri, ...args], options)).stdout
}

/** `running`, `shut off` and the like; undefined where there is no such domain. */
export async function domainState(uri: string, name: string): Promise<string | undefined> {
  const names = (await virsh(uri, ["list", "--all", "--name"])).split("\n").map((line) => line.trim())
  if (!names.includes(name)) return undefined
  return (await virsh(uri, ["domstate", name])).trim()
}
