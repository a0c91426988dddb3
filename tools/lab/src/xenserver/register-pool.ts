import { createHash } from "node:crypto"
import { Slash64Error } from "@slash64/core"
import { processWorld, runCli } from "slash64"
import type { LabHome } from "../lab/lab-home.ts"
import type { LabPool } from "./pool-program.ts"

/** Adds the pool to the lab's store as a person does, by `slash64 host add`, which connects to it. Repeated: success. */
export async function registerPool(home: LabHome, pool: LabPool, signal: AbortSignal): Promise<void> {
  const [door] = pool.ssh
  const options = {
    "--xenserver": pool.urls[0],
    "--user": pool.user,
    "--password": `file:${pool.passwordFile}`,
    "--certificate": pool.certificates[0] ?? "",
    // The routers' network leads to dom0 alone, which has no IPv6: the way is through it, to a static IPv4 address.
    "--control-range": "169.254.0.0/16",
    "--host-key": fingerprint(door.hostKey),
    "--identity": `file:${pool.identity}`,
    "--ssh-port": String(door.port),
  }
  const args = ["--db", home.store, "host", "add", home.names.host, ...Object.entries(options).flat()]
  let said = ""
  const output = { write: (text: string) => void (said += text), isTerminal: false, columns: 80 }
  const exitCode = await runCli(args, { ...processWorld(), stdout: output, stderr: output, signal })
  if (exitCode === 0) return
  signal.throwIfAborted()
  throw new Slash64Error("FAILED_PRECONDITION", `slash64 host add ended with ${exitCode}: ${said.trim()}`)
}

/** As `ssh-keygen -l` shows the key `ssh-ed25519 AAAA...`. */
function fingerprint(publicKey: string): string {
  const [, key = ""] = publicKey.split(" ")
  return `SHA256:${createHash("sha256").update(key, "base64").digest("base64").replace(/=+$/, "")}`
}
