import { otherSecret, secretFingerprint } from "@slash64/core"
import { textOf } from "@slash64/core/store-rules"
import { Again } from "./postgres-connection.ts"
import type { PostgresConnection } from "./postgres-connection.ts"

export interface GivenSecret {
  readonly secret: Uint8Array
  readonly secretFile?: string
}

/** FAILED_PRECONDITION when the store was made with another secret; takes this one down where it knows none. */
export async function checkSecret(db: PostgresConnection, given: GivenSecret): Promise<void> {
  const fingerprint = secretFingerprint(given.secret)
  const known = await db.alone(async (sql) => {
    await sql.run("INSERT INTO settings (name, value) VALUES ('secret', $1) ON CONFLICT DO NOTHING", fingerprint)
    const row = await sql.get("SELECT value FROM settings WHERE name = 'secret'")
    if (row === undefined) throw new Again()
    return textOf(row, "value")
  })
  if (known !== fingerprint) throw otherSecret(db.name, given.secretFile)
}
