import { textOf } from "./row.ts"
import { otherSecret, secretFingerprint } from "./secret-fingerprint.ts"
import type { SqliteConnection } from "./sqlite-connection.ts"

export interface GivenSecret {
  readonly secret: Uint8Array
  readonly secretFile?: string
}

/** FAILED_PRECONDITION when the store was made with another secret; takes this one down where it knows none. */
export async function checkSecret(db: SqliteConnection, store: string, given: GivenSecret): Promise<void> {
  const fingerprint = secretFingerprint(given.secret)
  const known = (await db.read(() => readFingerprint(db))) ?? (await db.write(() => keepFingerprint(db, fingerprint)))
  if (known !== fingerprint)
    throw otherSecret(store, given.secretFile, "; where it is lost for good: slash64 db migrate --accept-secret")
}

function readFingerprint(db: SqliteConnection): string | undefined {
  const row = db.get("SELECT value FROM settings WHERE name = 'secret'")
  return row && textOf(row, "value")
}

/** Another process may have kept one since. */
function keepFingerprint(db: SqliteConnection, fingerprint: string): string {
  db.run("INSERT INTO settings (name, value) VALUES ('secret', ?) ON CONFLICT DO NOTHING", fingerprint)
  return readFingerprint(db) ?? fingerprint
}

/** Makes this secret the store's own, whatever it knew before. */
export async function acceptSecret(db: SqliteConnection, secret: Uint8Array): Promise<void> {
  const sql = "INSERT INTO settings (name, value) VALUES ('secret', ?) ON CONFLICT DO UPDATE SET value = excluded.value"
  await db.write(() => db.run(sql, secretFingerprint(secret)))
}
