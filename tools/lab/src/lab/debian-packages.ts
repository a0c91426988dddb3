import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { Slash64Error } from "@slash64/core"

const script = join(import.meta.dirname, "../../../setup/debian-packages.sh")

/** Installs what this machine lacks. What apt says goes to the terminal. */
export async function installDebianPackages(signal: AbortSignal): Promise<void> {
  const child = spawn("sh", [script], { stdio: ["ignore", 2, 2], signal })
  const [status] = await once(child, "exit")
  if (status === 0) return
  throw new Slash64Error("FAILED_PRECONDITION", "Debian packages are missing and could not be installed; see above", {
    hint: "Install the packages of tools/setup/debian-packages.txt by hand, then repeat.",
  })
}
