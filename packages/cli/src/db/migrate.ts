import type { Answer } from "../answer.ts"
import { card } from "../output/table.ts"
import type { Session } from "../session.ts"
import { makeBackup } from "./backup.ts"

interface MigrateOptions {
  readonly dryRun: boolean
  readonly acceptSecret: boolean
}

export async function migrateDatabase(session: Session, options: MigrateOptions): Promise<Answer> {
  const { dryRun, acceptSecret } = options
  const { world, paths, call } = session
  const database = world.database(paths)
  const plan = await database.migrate({ dryRun: true }, call)
  const upToDate = plan.from === plan.to
  if (acceptSecret && !dryRun) {
    const done = await database.migrate({ dryRun, acceptSecret }, call)
    return {
      json: { migration: { ...done, done: !upToDate }, secret: paths.secret },
      text: card({ database: paths.db, schema: `${done.from} to ${done.to}`, "secret accepted": paths.secret }),
    }
  }
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
