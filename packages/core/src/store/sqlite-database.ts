import type { Call } from "../plugin/call.ts"
import { migrations } from "./migrations.ts"
import { lockForServer } from "./server-lock.ts"
import { backupSqliteFile } from "./sqlite-backup.ts"
import type { BackupFiles } from "./sqlite-backup.ts"
import { checkSqliteFile } from "./sqlite-check.ts"
import { SqliteConnection } from "./sqlite-connection.ts"
import { withReadOnly } from "./sqlite-file.ts"
import { readSchemaVersion } from "./sqlite-schema.ts"
import { openSecretFile } from "./secret-file.ts"
import { acceptSecret } from "./sqlite-secret.ts"
import type { StoreDatabase } from "./store-database.ts"

/** The SQLite file that `openSqliteStore` opens, and the secret of `openSecretFile` that belongs to it. */
export function sqliteDatabase(files: BackupFiles): StoreDatabase {
  const { file, secretFile } = files
  return {
    check: (call: Call) => checkSqliteFile(file, secretFile, call),
    backup: (directory, call) => backupSqliteFile(files, directory, call),
    async migrate({ dryRun, acceptSecret: accept = false }) {
      const from = await withReadOnly(file, (database) => readSchemaVersion(database, file))
      if (!dryRun && (from < migrations.length || accept)) await bringUpToDate(files, accept)
      return { from, to: migrations.length }
    },
    lockForServer: async () => lockForServer(file),
  }
}

async function bringUpToDate({ file, secretFile }: BackupFiles, accept: boolean): Promise<void> {
  const db = await SqliteConnection.open(file)
  try {
    if (accept) await acceptSecret(db, openSecretFile(secretFile))
  } finally {
    db.close()
  }
}
