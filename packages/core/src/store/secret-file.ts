import { randomBytes } from "node:crypto"
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs"
import { dirname } from "node:path"
import { Slash64Error } from "../errors.ts"
import { syncPath } from "./durable-file.ts"
import { translateFileError } from "./file-errors.ts"

/**
 * The secret that `stable` addresses are made with: 32 random bytes, kept in a file of its own (mode 0600) so that
 * a lost store gives the same addresses again. Made when it is not there; several processes at once get the same.
 * FAILED_PRECONDITION when the file holds something else or others may read it; PERMISSION_DENIED or
 * RESOURCE_EXHAUSTED where it cannot be made.
 */
export function openSecretFile(file: string): Uint8Array {
  try {
    return readOrMake(file)
  } catch (error) {
    throw translateFileError(error, "secret", file)
  }
}

function readOrMake(file: string): Uint8Array {
  const known = readSecret(file)
  if (known !== undefined) return known
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`
  try {
    writeSecret(draft)
    linkUnlessThere(draft, file)
    syncPath(dirname(file))
  } finally {
    rmSync(draft, { force: true })
  }
  return readSecret(file) ?? readOrMake(file)
}

/** Undefined when it is not there; fails as `openSecretFile` does. */
export function readSecretFile(file: string): Uint8Array | undefined {
  try {
    return readSecret(file)
  } catch (error) {
    throw translateFileError(error, "secret", file)
  }
}

function readSecret(file: string): Uint8Array | undefined {
  const status = statSync(file, { throwIfNoEntry: false })
  if (status === undefined) return undefined
  const refuse = (problem: string, hint: string) =>
    new Slash64Error("FAILED_PRECONDITION", `secret ${file}: ${problem}`, { field: "secret", value: file, hint })
  if ((status.mode & 0o077) !== 0) throw refuse("others than its owner may read it", `chmod 600 ${file}`)
  const text = readFileSync(file, "utf8").trim()
  if (/^[\da-f]{64}$/.test(text)) return Buffer.from(text, "hex")
  throw refuse("it is not 64 hex digits", "put back a backup of it")
}

function writeSecret(draft: string): void {
  const handle = openSync(draft, "wx", 0o600)
  try {
    writeSync(handle, `${randomBytes(32).toString("hex")}\n`)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

function linkUnlessThere(draft: string, file: string): void {
  try {
    linkSync(draft, file)
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error
  }
}
