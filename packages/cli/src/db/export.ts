import { link, open, rm } from "node:fs/promises"
import type { FileHandle } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import { exportLines } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { card } from "../output/table.ts"
import type { Session } from "../session.ts"
import { hasCode, isThere, refused } from "./file-refused.ts"

/** Lines are written in portions of so many characters. */
const portion = 1 << 16

export async function exportDatabase(session: Session, given: string): Promise<Answer> {
  const file = resolve(given)
  const { world, paths, call } = session
  // NOT_FOUND where there is no database: opening the store would make one.
  await world.database(paths).migrate({ dryRun: true }, call)
  const store = await session.store()
  const draft = `${file}.${process.pid}.partial`
  let lines = 0
  try {
    const handle = await open(draft, "wx", 0o600)
    try {
      lines = await writeLines(handle, exportLines(store, call))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await link(draft, file)
    await syncDirectory(dirname(file))
  } catch (error) {
    throw hasCode(error, "EEXIST") ? isThere("file", file) : refused("file", file, error)
  } finally {
    await rm(draft, { force: true })
  }
  // All but the header and the end.
  const records = lines - 2
  return { json: { file, records }, text: card({ file, records }) }
}

async function writeLines(handle: FileHandle, lines: AsyncIterable<string>): Promise<number> {
  let [count, text] = [0, ""]
  for await (const line of lines) {
    text += `${line}\n`
    count += 1
    if (text.length < portion) continue
    await handle.writeFile(text)
    text = ""
  }
  await handle.writeFile(text)
  return count
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
