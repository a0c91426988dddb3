import { randomUUID } from "node:crypto"
import { chmod, link, mkdir, open, readFile, rm, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { Slash64Error, invalid, parseId } from "@slash64/core"
import ssh2 from "ssh2"
import { newPrivateKey } from "./new-private-key.ts"

/** An SSH key pair. `privateKey` is secret. */
export interface SshKey {
  /** OpenSSH format. */
  readonly privateKey: string
  /** `ssh-ed25519 AAAA...`, without a comment. */
  readonly publicKey: string
}

/** The keys of the driver and of every router that it made, each made once and for good. */
export interface KeyStore {
  /** What the driver shows to routers. */
  managementKey(): Promise<SshKey>
  /** What the router of this id shows to the driver. */
  hostKey(routerId: string): Promise<SshKey>
}

export interface KeyStoreOptions {
  /** Made with mode 0700 where it is missing. */
  readonly directory: string
  /** A private key kept elsewhere, as `file:PATH`; absent: made in `directory`. */
  readonly managementKey?: string
}

/**
 * Keys as files of mode 0600 in one directory. A missing key is made and put in place by one link, so of two
 * processes that make the same key, both end up with the first one's. Throws PERMISSION_DENIED for a private key
 * that others may read, INVALID_ARGUMENT for a file that holds none.
 */
export function openKeyStore({ directory, managementKey }: KeyStoreOptions): KeyStore {
  const own = managementKey === undefined ? undefined : parseFileReference("managementKey", managementKey)
  return {
    managementKey: () => (own === undefined ? ensureKey(join(directory, "management_ed25519")) : readGivenKey(own)),
    hostKey: async (routerId) => ensureKey(join(directory, "routers", `${parseId("routerId", routerId)}_ed25519`)),
  }
}

function parseFileReference(field: string, reference: string): string {
  const path = reference.startsWith("file:") ? reference.slice("file:".length) : ""
  // Only the kind of reference is shown: somebody may have pasted the key itself.
  if (!path.startsWith("/"))
    throw invalid(field, reference.slice(0, 5), "is not a reference to a file", "write file: and an absolute path")
  return path
}

async function readGivenKey(file: string): Promise<SshKey> {
  try {
    return await readKey(file)
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error
    const hint = "name an existing private key, or give none and one is made"
    throw new Slash64Error("NOT_FOUND", `managementKey: there is no file ${file}`, { field: "managementKey", hint })
  }
}

async function ensureKey(file: string): Promise<SshKey> {
  try {
    return await readKey(file)
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error
  }
  await makeKey(file)
  return readKey(file)
}

async function makeKey(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await chmod(dirname(file), 0o700)
  const draft = `${file}.${randomUUID()}`
  try {
    await writeDurably(draft, newPrivateKey())
    await link(draft, file)
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error
  } finally {
    await rm(draft, { force: true })
  }
}

async function writeDurably(file: string, content: string): Promise<void> {
  const handle = await open(file, "wx", 0o600)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function readKey(file: string): Promise<SshKey> {
  const { mode } = await stat(file)
  if ((mode & 0o077) !== 0)
    throw new Slash64Error("PERMISSION_DENIED", `the private key ${file} has mode ${(mode & 0o777).toString(8)}`, {
      field: "privateKey",
      value: file,
      hint: `chmod 600 ${file}`,
    })
  const privateKey = await readFile(file, "utf8")
  const parsed = ssh2.utils.parseKey(privateKey)
  if (parsed instanceof Error || !parsed.isPrivateKey())
    throw invalid("privateKey", file, "holds no private key without a passphrase", "make one: ssh-keygen -t ed25519")
  return { privateKey, publicKey: `${parsed.type} ${parsed.getPublicSSH().toString("base64")}` }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code
}
