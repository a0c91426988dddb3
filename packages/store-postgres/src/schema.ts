import { Slash64Error } from "@slash64/core"
import { numberOf } from "@slash64/core/store-rules"
import { migrations } from "./migrations.ts"
import { Again } from "./postgres-connection.ts"
import type { PostgresConnection, Sql } from "./postgres-connection.ts"
import { sqlState } from "./postgres-errors.ts"

/**
 * Brings the schema up to date; several processes may do so at once. FAILED_PRECONDITION when a newer slash64 or
 * another program made the database, or when it does not keep what it has acknowledged.
 */
export async function prepareSchema(db: PostgresConnection): Promise<void> {
  const version = await readSchemaVersion(db)
  if (version === migrations.length) return
  await db.alone(makeMark)
  await db.write(migrate)
}

/** 0 where the database is empty. Changes nothing, and refuses what `prepareSchema` refuses. */
export async function readSchemaVersion(db: PostgresConnection): Promise<number> {
  return db.query(async (sql) => {
    await refuseUndurable(db, sql)
    if (!(await hasMark(db, sql))) return 0
    const version = await readVersion(sql)
    if (version <= migrations.length) return version
    throw refused(
      db,
      `its schema ${version} is newer than ${migrations.length}, the newest that this slash64 knows`,
      "use the newer slash64 that wrote it, or put back a backup from before",
    )
  })
}

async function refuseUndurable(db: PostgresConnection, sql: Sql): Promise<void> {
  const row = await sql.get("SHOW synchronous_commit")
  if (row?.["synchronous_commit"] !== "off") return
  const hint = "ALTER ROLE this user SET synchronous_commit = on"
  throw refused(db, "synchronous_commit is off: a crash would lose what was acknowledged", hint)
}

/** The mark is made before any other table, so that a database without it is another program's or empty. */
async function hasMark(db: PostgresConnection, sql: Sql): Promise<boolean> {
  const tables = await sql.all("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
  if (tables.some((row) => row["table_name"] === "slash64_schema")) return true
  if (tables.length === 0) return false
  throw refused(
    db,
    "the database belongs to another program",
    "name another database, or a user with a schema of its own",
  )
}

async function makeMark(sql: Sql): Promise<void> {
  try {
    await sql.run("CREATE TABLE IF NOT EXISTS slash64_schema (mark INTEGER PRIMARY KEY, version INTEGER NOT NULL)")
    await sql.run("INSERT INTO slash64_schema (mark, version) VALUES (1, 0) ON CONFLICT DO NOTHING")
  } catch (error) {
    // Another process made the table at the same time: its row, its type or the table itself is there.
    if (["23505", "42710", "42P07"].includes(sqlState(error))) throw new Again()
    throw error
  }
}

/** 0 where the mark was made and nothing else yet. */
async function readVersion(sql: Sql): Promise<number> {
  const row = await sql.get("SELECT version FROM slash64_schema WHERE mark = 1")
  return row === undefined ? 0 : numberOf(row, "version")
}

/** Another process may have done some of it since the version was read; one at a time. */
async function migrate(sql: Sql): Promise<void> {
  await lockSchema(sql)
  const version = await readVersion(sql)
  const text = await bytewiseText(sql)
  for (const step of migrations.slice(version)) for (const statement of step(text)) await sql.run(statement)
  if (version < migrations.length)
    await sql.run("UPDATE slash64_schema SET version = $1 WHERE mark = 1", migrations.length)
}

/** Held to the end of the transaction: what has to be compared with all networks is done by one at a time. */
export async function lockSchema(sql: Sql): Promise<void> {
  await sql.get("SELECT mark FROM slash64_schema WHERE mark = 1 FOR UPDATE")
}

/** CockroachDB compares bytewise and takes no COLLATE "C" on a column (cockroachdb/cockroach#96828). */
async function bytewiseText(sql: Sql): Promise<string> {
  const row = await sql.get("SELECT 'B' < 'a' AND 'a-b' < 'aa' AS bytewise")
  return row?.["bytewise"] === true ? "TEXT" : 'TEXT COLLATE "C"'
}

function refused(db: PostgresConnection, problem: string, hint: string): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `store ${db.name}: ${problem}`, {
    field: "store",
    value: db.name,
    hint,
  })
}
