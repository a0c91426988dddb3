import { openSecretFile, openSqliteStore, sqliteDatabase } from "@slash64/core"
import type { Store, StoreDatabase } from "@slash64/core"
import { isPostgresUrl, openPostgresStore, postgresDatabase } from "@slash64/store-postgres"
import type { StatePaths } from "./state-paths.ts"

/** Enough for one command, which asks for few things at once. */
const poolSize = 4

export function openStore({ db, secret: secretFile }: StatePaths): Promise<Store> {
  const secret = openSecretFile(secretFile)
  if (isPostgresUrl(db)) return openPostgresStore({ url: db, secret, secretFile, poolSize })
  return openSqliteStore({ file: db, secret, secretFile })
}

export function openDatabase({ db, secret: secretFile }: StatePaths): StoreDatabase {
  return isPostgresUrl(db) ? postgresDatabase({ url: db }) : sqliteDatabase({ file: db, secretFile })
}
