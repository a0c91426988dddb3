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
  if (!(await domainNames(uri)).includes(name)) return undefined
  return (await virsh(uri, ["domstate", name])).trim()
}

/** Every domain, whether it runs or not. */
export async function domainNames(uri: string): Promise<readonly string[]> {
  return namesOf(await virsh(uri, ["list", "--all", "--name"]))
}

/** Every network, whether it is active or not. */
export async function networkNames(uri: string): Promise<readonly string[]> {
  return namesOf(await virsh(uri, ["net-list", "--all", "--name"]))
}

function namesOf(list: string): readonly string[] {
  return list
    .split("\n")
    .map((line) => line.trim())
    .filter((name) => name !== "")
}
