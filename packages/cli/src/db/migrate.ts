import type { Answer } from "../answer.ts"
import { card } from "../output/table.ts"
import type { Session } from "../session.ts"
import { makeBackup } from "./backup.ts"

export async function migrateDatabase(session: Session, { dryRun }: { readonly dryRun: boolean }): Promise<Answer> {
  const { world, paths, call } = session
  const database = world.database(paths)
  const plan = await database.migrate({ dryRun: true }, call)
  const upToDate = plan.from === plan.to
  if (dryRun || upToDate) {
    const does = upToDate ? "nothing to do" : `would go from ${plan.from} to ${plan.to}, after a backup`
    return {
      json: { migration: { ...plan, done: false } },
      text: card({ database: paths.shownDb, schema: plan.from, migration: does }),
    }
  }
  const backup = await makeBackup(session, undefined)
  call.report({ step: "bringing the schema up to date" })
  const done = await database.migrate({ dryRun: false }, call)
  return {
    json: { migration: { ...done, done: true }, backup },
    text: card({ database: paths.shownDb, schema: `${done.from} to ${done.to}`, backup: backup.directory }),
  }
}
