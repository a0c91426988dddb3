import type { DatabaseSync, StatementSync } from "node:sqlite"
import { isBusy, translateSqliteError } from "./sqlite-errors.ts"

/** A call that waits for its commit. */
interface Waiting {
  readonly run: () => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  /** On the clock of `performance.now`. */
  readonly deadline: number
}

/** So many calls share a commit at most: the other processes that use the file get their turn. */
const batchMost = 128

/**
 * Write transactions on one database, of which those that were asked for in the same turn of the event loop share one
 * commit: the disk is waited for once. Each is undone by itself when it fails, and each settles only after the commit
 * that holds it is on disk; a commit that fails is the failure of all that it held. They run in the order in which
 * they were asked for.
 */
export class GroupCommit {
  readonly #database: DatabaseSync
  readonly #file: string
  readonly #busyMs: number
  readonly #check: () => void
  readonly #statements = new Map<string, StatementSync>()
  #queue: Waiting[] = []
  #awake = false
  /** A call has failed lately. */
  #careful = false

  /**
   * A call waits `busyMs` for other processes before it is UNAVAILABLE. `file` is for messages. `check` is called in
   * each transaction before anything else; what it throws is the failure of all calls.
   */
  constructor(database: DatabaseSync, file: string, busyMs: number, check: () => void = () => {}) {
    this.#database = database
    this.#file = file
    this.#busyMs = busyMs
    this.#check = check
  }

  /** `run` is synchronous, has no effect but on the database, and may be called again when it was undone. */
  write<T>(run: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- gets what `run` of the same call gave
      const settle = resolve as (value: unknown) => void
      this.#queue.push({ run, resolve: settle, reject, deadline: performance.now() + this.#busyMs })
      if (this.#awake) return
      this.#awake = true
      setImmediate(() => this.#turn())
    })
  }

  /** Commits what was asked for until now, without waiting for another process: what cannot be is UNAVAILABLE. */
  flush(): void {
    while (this.#queue.length > 0) {
      const busy = this.#commitBatch()
      if (busy !== undefined) this.#rejectAll(this.#queue.splice(0), busy)
    }
  }

  #turn(): void {
    const busy = this.#commitBatch()
    if (busy !== undefined) this.#rejectOverdue(busy)
    if (this.#queue.length === 0) this.#awake = false
    else if (busy === undefined) setImmediate(() => this.#turn())
    // Between two commits of a busy process the lock is free for a millisecond or two: who asks seldom waits long.
    else setTimeout(() => this.#turn(), 1 + Math.random() * 4)
  }

  /** Gives the error, and leaves the queue as it was, when another process holds the lock. */
  #commitBatch(): unknown {
    const batch = this.#queue.splice(0, batchMost)
    if (batch.length === 0) return undefined
    try {
      const settle = this.#runAll(batch)
      this.#execute("COMMIT")
      for (const each of settle) each()
      return undefined
    } catch (error) {
      if (this.#database.isTransaction) this.#execute("ROLLBACK")
      else if (isBusy(error)) {
        this.#queue = [...batch, ...this.#queue]
        return error
      }
      this.#rejectAll(batch, error)
      return undefined
    }
  }

  /**
   * A savepoint for each would be an eighth of a claim's time: all are run without, and again with them when one has
   * failed. Where one fails, the next are likely to.
   */
  #runAll(batch: readonly Waiting[]): readonly (() => void)[] {
    this.#execute("BEGIN IMMEDIATE")
    this.#check()
    const careful = this.#careful && batch.length > 1
    this.#careful = false
    if (careful) return batch.map((call) => this.#runAmongOthers(call))
    try {
      return batch.map(({ run, resolve }) => {
        const value = run()
        return () => resolve(value)
      })
    } catch (error) {
      this.#careful = true
      if (batch.length === 1 || !this.#database.isTransaction) throw error
      this.#execute("ROLLBACK")
      return this.#runAll(batch)
    }
  }

  #runAmongOthers(call: Waiting): () => void {
    this.#execute("SAVEPOINT call")
    try {
      const value = call.run()
      this.#execute("RELEASE call")
      return () => call.resolve(value)
    } catch (error) {
      this.#careful = true
      // A full disk has undone the whole transaction (sqlite.org/lang_transaction.html, section 3).
      if (!this.#database.isTransaction) throw error
      this.#execute("ROLLBACK TO call")
      this.#execute("RELEASE call")
      return () => call.reject(translateSqliteError(error, this.#file))
    }
  }

  #rejectOverdue(error: unknown): void {
    const now = performance.now()
    const overdue = this.#queue.filter(({ deadline }) => deadline < now)
    this.#queue = this.#queue.filter(({ deadline }) => deadline >= now)
    this.#rejectAll(overdue, error)
  }

  #rejectAll(calls: readonly Waiting[], error: unknown): void {
    for (const call of calls) call.reject(translateSqliteError(error, this.#file))
  }

  #execute(sql: string): void {
    let statement = this.#statements.get(sql)
    if (statement === undefined) this.#statements.set(sql, (statement = this.#database.prepare(sql)))
    statement.run()
  }
}
