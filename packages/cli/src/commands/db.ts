import { backupDatabase } from "../db/backup.ts"
import { checkDatabase } from "../db/check.ts"
import { exportDatabase } from "../db/export.ts"
import { importDatabase } from "../db/import.ts"
import { migrateDatabase } from "../db/migrate.ts"
import type { Act, Program } from "../program.ts"

export function addDbCommands(program: Program, act: Act): void {
  const db = program.command("db").description("the database: look after it, copy it, move it")

  db.command("check")
    .description("say whether the database is whole and keeps the rules; exit code 9 where something is wrong")
    .addHelpText("after", "\nExample:\n  slash64 db check --json")
    .action(() => act(checkDatabase))

  db.command("backup [directory]")
    .description("copy the database, the secret and the routers' keys into a new directory, while others may write")
    .addHelpText(
      "after",
      `
Examples:
  slash64 db backup /srv/backup/monday
  slash64 status --db /srv/backup/monday/slash64.db

Without a directory: backups/TIME beside the database. To restore, put the files back, or use them where they are.`,
    )
    .action((directory) => act((session) => backupDatabase(session, directory)))

  db.command("migrate")
    .description("bring the schema up to date, after a backup; every other command does it too, without one")
    .option("--dry-run", "say what would be done", false)
    .option("--accept-secret", "the old secret is lost: NICs to come get other addresses from the one there is", false)
    .addHelpText("after", "\nExample:\n  slash64 db migrate --dry-run")
    .action((options) => act((session) => migrateDatabase(session, options)))

  db.command("export <file>")
    .description("write all that the database holds to a new file, as lines of JSON, while others may write")
    .addHelpText("after", "\nExample:\n  slash64 db export /srv/backup/slash64.jsonl")
    .action((file) => act((session) => exportDatabase(session, file)))

  db.command("import <file>")
    .description("take an export into a database that holds nothing yet; all of it, or nothing")
    .option("--other-secret", "accept that NICs to come get other addresses than there: the secret is another", false)
    .addHelpText(
      "after",
      `
Examples:
  slash64 db import /srv/backup/slash64.jsonl --db /srv/slash64/slash64.db

The secret of the exported database goes beside the new one first: /srv/slash64/secret.`,
    )
    .action((file, options) => act((session) => importDatabase(session, file, options)))
}
