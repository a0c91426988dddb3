import { closeSync, fsyncSync, openSync, writeSync } from "node:fs"
import { dirname } from "node:path"
import { Slash64Error } from "../errors.ts"
import { translateFileError } from "./file-errors.ts"

/** Makes a new file of mode 0600, and gives it to `write`. ALREADY_EXISTS when it is there: nothing is overwritten. */
export function makeNewFile(field: string, file: string, write: (handle: number) => void): void {
  try {
    const handle = openSync(file, "wx", 0o600)
    try {
      write(handle)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
  } catch (error) {
    throw isThere(error) ? alreadyThere(field, file) : translateFileError(error, field, file)
  }
}

export function writeNewFile(field: string, file: string, bytes: Uint8Array): void {
  makeNewFile(field, file, (handle) => {
    for (let done = 0; done < bytes.length;) done += writeSync(handle, bytes, done)
  })
}

/** What was written to a file or directory is on disk when it returns. */
export function syncPath(path: string): void {
  const handle = openSync(path, "r")
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** The file and its name. */
export function syncWithName(file: string): void {
  syncPath(file)
  syncPath(dirname(file))
}

export function alreadyThere(field: string, path: string): Slash64Error {
  return new Slash64Error("ALREADY_EXISTS", `${field} ${path}: it is there, and nothing is overwritten`, {
    field,
    value: path,
    hint: "name another one",
  })
}

function isThere(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST"
}
