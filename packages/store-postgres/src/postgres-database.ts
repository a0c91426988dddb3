import { Slash64Error } from "@slash64/core"
import type { StoreDatabase, StoreMigration } from "@slash64/core"
import { parsePostgresUrl } from "./connection-options.ts"
import { migrations } from "./migrations.ts"
import { PostgresConnection } from "./postgres-connection.ts"
import { prepareSchema, readSchemaVersion } from "./schema.ts"

/** PostgreSQL has programs of its own that copy and check a database: these two verbs name them. */
export function postgresDatabase({ url }: { readonly url: string }): StoreDatabase {
  return {
    check: () => Promise.reject(notHere("check", "look with pg_amcheck, and at what the server logs")),
    backup: () => Promise.reject(notHere("backup", "copy the database by pg_dump, and the secret and keys beside it")),
    migrate: ({ dryRun }) => migrate(url, dryRun),
    // Several servers share it.
    lockForServer: async () => () => {},
  }
}

async function migrate(url: string, dryRun: boolean): Promise<StoreMigration> {
  const db = new PostgresConnection(parsePostgresUrl(url), 1, 30_000)
  try {
    await db.check()
    const from = await readSchemaVersion(db)
    if (!dryRun) await prepareSchema(db)
    return { from, to: migrations.length }
  } finally {
    await db.close()
  }
}

function notHere(verb: string, hint: string): Slash64Error {
  const message = `a store in PostgreSQL has no ${verb} of its own`
  return new Slash64Error("UNIMPLEMENTED", message, { field: "store", hint })
}
