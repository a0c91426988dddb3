import { existsSync } from "node:fs"
import { cp, mkdir, open, readdir, rm } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import type { StoreBackup } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { card } from "../output/table.ts"
import type { Session } from "../session.ts"
import { hasCode, isThere, refused } from "./file-refused.ts"

export interface Backup extends StoreBackup {
  readonly directory: string
  /** Absent where there are none. */
  readonly keys?: string
}

export async function backupDatabase(session: Session, directory: string | undefined): Promise<Answer> {
  const backup = await makeBackup(session, directory)
  return { json: { backup }, text: backupCard(backup) }
}

/** Removes what it made of the directory when it fails. */
export async function makeBackup({ world, paths, call }: Session, given: string | undefined): Promise<Backup> {
  const directory = given === undefined ? defaultDirectory(paths.folder) : resolve(given)
  const database = world.database(paths)
  await makeDirectory(directory)
  try {
    const keys = await copyKeys(paths.keys, directory)
    const backup = await database.backup(directory, call)
    return { directory, ...backup, ...(keys !== undefined && { keys }) }
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}

export function backupCard({ directory, file, secretFile, keys, schema, sizeBytes }: Backup): string {
  return card({
    backup: directory,
    database: basename(file),
    secret: basename(secretFile),
    keys: keys && `${basename(keys)}/`,
    schema,
    bytes: sizeBytes,
  })
}

function defaultDirectory(folder: string): string {
  return join(folder, "backups", new Date().toISOString().replaceAll(":", "").replace(".", "-"))
}

async function makeDirectory(directory: string): Promise<void> {
  await mkdir(dirname(directory), { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw refused("backup", dirname(directory), cause)
  })
  await mkdir(directory, { mode: 0o700 }).catch((cause: unknown) => {
    throw hasCode(cause, "EEXIST") ? isThere("backup", directory) : refused("backup", directory, cause)
  })
}

async function copyKeys(keys: string, directory: string): Promise<string | undefined> {
  if (!existsSync(keys)) return undefined
  const copy = join(directory, basename(keys))
  try {
    await cp(keys, copy, { recursive: true, preserveTimestamps: true, errorOnExist: true, force: false })
    for (const entry of await readdir(copy, { recursive: true })) await sync(join(copy, entry))
    await sync(copy)
  } catch (cause) {
    throw refused("backup", copy, cause)
  }
  return copy
}

async function sync(path: string): Promise<void> {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
