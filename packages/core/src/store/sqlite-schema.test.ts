import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { expect, it } from "vitest"
import { migrations } from "./migrations.ts"
import { migrateSchema, readSchemaVersion } from "./sqlite-schema.ts"

/** Another process makes the file ours just before the look of this number. */
class Overtaken extends DatabaseSync {
  looks = 0
  overtake: (() => void) | undefined

  override prepare(sql: string) {
    if (this.looks-- === 0) this.overtake?.()
    return super.prepare(sql)
  }
}

it.each([0, 1, 2])("knows a file as ours that another process makes before look %i", (look) => {
  const folder = mkdtempSync(join(tmpdir(), "slash64-schema-"))
  const file = join(folder, "store.sqlite")
  const [reader, other] = [new Overtaken(file), new DatabaseSync(file)]
  try {
    other.exec("PRAGMA journal_mode = WAL")
    reader.looks = look
    reader.overtake = () => {
      other.exec("BEGIN IMMEDIATE")
      migrateSchema(other)
      other.exec("COMMIT")
    }
    expect([0, migrations.length]).toContain(readSchemaVersion(reader, file))
    expect(readSchemaVersion(reader, file)).toBe(migrations.length)
  } finally {
    reader.close()
    other.close()
    rmSync(folder, { recursive: true })
  }
})
