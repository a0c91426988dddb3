import { resolve } from "node:path"
import { importLines } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { card } from "../output/table.ts"
import type { Session } from "../session.ts"
import { readLines, unreadable } from "./read-lines.ts"

export async function importDatabase(
  session: Session,
  given: string,
  { otherSecret }: { readonly otherSecret: boolean },
): Promise<Answer> {
  const file = resolve(given)
  const { paths, call } = session
  const store = await session.store()
  try {
    const records = await importLines(store, readLines(file), call, { otherSecret })
    return { json: { database: paths.db, records }, text: card({ database: paths.db, records }) }
  } catch (error) {
    throw unreadable(file, error)
  }
}
