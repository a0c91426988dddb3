import { execFile } from "node:child_process"
import { access, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)

export interface SshdFiles {
  /** For `sshd -f`. */
  readonly config: string
  /** `ssh-ed25519 AAAA...` */
  readonly hostKey: string
  /** Path of the private key to log in with. */
  readonly identity: string
}

/**
 * The files of an SSH server for root alone, who logs in with a key of the server's own. Keys are made once; `settings`
 * are lines of sshd_config(5).
 */
export async function ensureSshdFiles(dir: string, settings: readonly string[]): Promise<SshdFiles> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const hostKey = await ensureKey(join(dir, "host_ed25519"))
  const login = await ensureKey(join(dir, "login_ed25519"))
  await writeFile(join(dir, "authorized_keys"), login, { mode: 0o600 })
  // It separates its privileges there.
  await mkdir("/run/sshd", { recursive: true })
  const config = join(dir, "sshd_config")
  await writeFile(config, [...settings, ...common(dir), ""].join("\n"))
  return { config, hostKey: hostKey.trim(), identity: join(dir, "login_ed25519") }
}

function common(dir: string): readonly string[] {
  return [
    `HostKey ${join(dir, "host_ed25519")}`,
    `AuthorizedKeysFile ${join(dir, "authorized_keys")}`,
    `PidFile ${join(dir, "sshd.pid")}`,
    // The directory may be in /tmp, which others may write to; the files of the lab are its own.
    "StrictModes no",
    "PermitRootLogin prohibit-password",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "UsePAM no",
    "AllowUsers root",
  ]
}

/** The public key; the pair is made once. */
async function ensureKey(file: string): Promise<string> {
  const there = await access(file).then(
    () => true,
    () => false,
  )
  if (!there) {
    await rm(`${file}.new`, { force: true })
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", `${file}.new`])
    await rename(`${file}.new.pub`, `${file}.pub`)
    await rename(`${file}.new`, file)
  }
  return readFile(`${file}.pub`, "utf8")
}
