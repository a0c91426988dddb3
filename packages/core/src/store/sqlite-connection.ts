import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs"
import { dirname } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite"
import { setTimeout as sleep } from "node:timers/promises"
import { Slash64Error } from "../errors.ts"
import { translateFileError } from "./file-errors.ts"
import { GroupCommit } from "./group-commit.ts"
import { JournalBound } from "./journal-bound.ts"
import { migrations } from "./migrations.ts"
import { isBusy, translateSqliteError } from "./sqlite-errors.ts"
import { migrateSchema, readSchemaVersion, schemaMoved } from "./sqlite-schema.ts"

export type Row = Readonly<Record<string, SQLOutputValue>>
export type Value = SQLInputValue

/** How long SQLite itself waits, during which nothing else runs in this process. */
const blockMs = 10

/**
 * One SQLite file, and transactions on it. Several processes may use the file at once. A transaction is one
 * synchronous function, so two of one process never mix; while another process writes, it is tried again. Those that
 * write share commits.
 */
export class SqliteConnection {
  readonly #file: string
  readonly #database: DatabaseSync
  readonly #busyMs: number
  readonly #commits: GroupCommit
  readonly #journal: JournalBound
  readonly #statements = new Map<string, StatementSync>()

  private constructor(file: string, database: DatabaseSync, busyMs: number) {
    this.#file = file
    this.#database = database
    this.#busyMs = busyMs
    this.#commits = new GroupCommit(database, file, busyMs, () => this.#checkSchema())
    this.#journal = new JournalBound(database)
  }

  /**
   * Makes the file, for its owner alone, unless it is there; brings its schema up to date. `:memory:` for none.
   * A transaction waits `busyMs` for other processes before it is UNAVAILABLE.
   */
  static async open(file: string, busyMs = 30_000): Promise<SqliteConnection> {
    let database: DatabaseSync | undefined
    try {
      if (file !== ":memory:") makePrivate(file)
      database = new DatabaseSync(file, { timeout: blockMs })
      const connection = new SqliteConnection(file, database, busyMs)
      await connection.#prepareFile()
      return connection
    } catch (error) {
      database?.close()
      throw translateSqliteError(translateFileError(error, "store", file), file)
    }
  }

  /**
   * Runs `run` in a transaction that may write; durable on disk when it resolves. An error undoes all that it did,
   * and nothing of the other writes with which it shares a commit.
   */
  async write<T>(run: () => T): Promise<T> {
    this.#checkOpen()
    return this.#commits.write(() => {
      const value = run()
      this.#journal.follow()
      return value
    })
  }

  /** Runs `run` on the database as it is at one moment, with every write that has resolved by then. */
  async read<T>(run: () => T): Promise<T> {
    this.#checkOpen()
    try {
      return await this.#untilFree(() => this.#attempt("BEGIN", () => this.#checked(run)))
    } catch (error) {
      throw translateSqliteError(error, this.#file)
    }
  }

  /**
   * Runs `run`, which may wait, in one transaction, for which other processes wait: on a connection that has no other
   * use meanwhile.
   */
  async writeLong(run: () => Promise<void>): Promise<void> {
    try {
      await this.#untilFree(() => this.#database.exec("BEGIN IMMEDIATE"))
      this.#checkSchema()
      await run()
      this.#database.exec("COMMIT")
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK")
      throw translateSqliteError(error, this.#file)
    }
  }

  get(sql: string, ...values: readonly Value[]): Row | undefined {
    return this.#prepare(sql).get(...values)
  }

  all(sql: string, ...values: readonly Value[]): readonly Row[] {
    return this.#prepare(sql).all(...values)
  }

  /** Row by row; end the loop before the transaction ends. */
  iterate(sql: string, ...values: readonly Value[]): Iterable<Row> {
    return this.#prepare(sql).iterate(...values)
  }

  /** Gives the number of rows that were changed. */
  run(sql: string, ...values: readonly Value[]): number {
    return Number(this.#prepare(sql).run(...values).changes)
  }

  /** What was written before is committed first. Repeated: success. */
  close(): void {
    this.#commits.flush()
    this.#statements.clear()
    if (this.#database.isOpen) this.#database.close()
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  #checked<T>(run: () => T): T {
    this.#checkSchema()
    return run()
  }

  /** A newer slash64 may have brought the schema further while this process has the file open. */
  #checkSchema(): void {
    const version = Number(this.#prepare("PRAGMA user_version").get()?.["user_version"])
    if (version !== migrations.length) throw schemaMoved(this.#file, version)
  }

  #checkOpen(): void {
    if (this.#database.isOpen) return
    throw new Slash64Error("FAILED_PRECONDITION", `store ${this.#file} is closed`, { field: "store" })
  }

  #attempt<T>(begin: string, run: () => T): T {
    this.#database.exec(begin)
    try {
      const result = run()
      this.#database.exec("COMMIT")
      return result
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK")
      throw error
    }
  }

  async #untilFree<T>(attempt: () => T): Promise<T> {
    const deadline = performance.now() + this.#busyMs
    for (;;) {
      try {
        return attempt()
      } catch (error) {
        if (!isBusy(error) || performance.now() > deadline) throw error
      }
      await sleep(1 + Math.random() * 4)
    }
  }

  async #prepareFile(): Promise<void> {
    // Another process may be making the file a WAL one just now, and then even reading waits.
    const version = await this.#untilFree(() => readSchemaVersion(this.#database, this.#file))
    await this.#untilFree(() => this.#database.exec("PRAGMA journal_mode = WAL"))
    await this.#untilFree(() => this.#database.exec("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON"))
    if (version < migrations.length)
      await this.#untilFree(() => this.#attempt("BEGIN IMMEDIATE", () => migrateSchema(this.#database)))
    await this.#untilFree(() => this.#journal.set())
  }
}

/** The journal files take over the mode of the file (SQLite's unixOpen). */
function makePrivate(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  closeSync(openSync(file, "a", 0o600))
  chmodSync(file, 0o600)
}
