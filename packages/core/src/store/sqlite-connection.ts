import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs"
import { dirname } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite"
import { setTimeout as sleep } from "node:timers/promises"
import { Slash64Error } from "../errors.ts"
import { translateFileError } from "./file-errors.ts"
import { GroupCommit } from "./group-commit.ts"
import { applicationId, migrations } from "./migrations.ts"
import { isBusy, translateSqliteError } from "./sqlite-errors.ts"

export type Row = Readonly<Record<string, SQLOutputValue>>
export type Value = SQLInputValue

/** How long SQLite itself waits, during which nothing else runs in this process. */
const blockMs = 50

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
  readonly #statements = new Map<string, StatementSync>()

  private constructor(file: string, database: DatabaseSync, busyMs: number) {
    this.#file = file
    this.#database = database
    this.#busyMs = busyMs
    this.#commits = new GroupCommit(database, file, busyMs)
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
    return this.#commits.write(run)
  }

  /** Runs `run` on the database as it is at one moment, with every write that has resolved by then. */
  async read<T>(run: () => T): Promise<T> {
    this.#checkOpen()
    try {
      return await this.#untilFree(() => this.#attempt("BEGIN", run))
    } catch (error) {
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
      await sleep(1 + Math.random() * 20)
    }
  }

  async #prepareFile(): Promise<void> {
    this.#refuseForeign()
    await this.#untilFree(() => this.#database.exec("PRAGMA journal_mode = WAL"))
    this.#database.exec("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")
    if (this.#pragma("user_version") < migrations.length)
      await this.#untilFree(() => this.#attempt("BEGIN IMMEDIATE", () => this.#migrate()))
  }

  #refuseForeign(): void {
    const [version, mark] = [this.#pragma("user_version"), this.#pragma("application_id")]
    const used = this.#database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() !== undefined
    const refuse = (problem: string, hint: string) =>
      new Slash64Error("FAILED_PRECONDITION", `store ${this.#file}: ${problem}`, {
        field: "store",
        value: this.#file,
        hint,
      })
    if (used && mark !== applicationId)
      throw refuse("the database belongs to another program", "name another file with --db")
    if (version > migrations.length)
      throw refuse(
        `its schema ${version} is newer than ${migrations.length}, the newest that this slash64 knows`,
        "use the newer slash64 that wrote it, or put back a backup from before",
      )
  }

  /** Another process may have done some of it since the version was read. */
  #migrate(): void {
    for (const step of migrations.slice(this.#pragma("user_version"))) this.#database.exec(step)
    this.#database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}`)
  }

  #pragma(name: "user_version" | "application_id"): number {
    return Number(this.#database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0)
  }
}

/** The journal files take over the mode of the file (SQLite's unixOpen). */
function makePrivate(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  closeSync(openSync(file, "a", 0o600))
  chmodSync(file, 0o600)
}
