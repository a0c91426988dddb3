import { setTimeout as sleep } from "node:timers/promises"
import { Slash64Error, isSlash64Error } from "@slash64/core"
import type { Row } from "@slash64/core/store-rules"
import { DatabaseError, Pool, types as driverTypes } from "pg"
import type { CustomTypesConfig, PoolClient } from "pg"
import type { Target } from "./connection-options.ts"
import { failureOf, translatePostgresError } from "./postgres-errors.ts"

export type Value = Scalar | readonly Scalar[]
type Scalar = string | boolean | number | bigint | Uint8Array | null

/** Statements on one connection. Each is prepared once a connection and known by its text. */
export interface Sql {
  get(text: string, ...values: readonly Value[]): Promise<Row | undefined>
  all(text: string, ...values: readonly Value[]): Promise<readonly Row[]>
  /** Gives the number of rows that were changed. */
  run(text: string, ...values: readonly Value[]): Promise<number>
}

export interface HeldTransaction {
  readonly sql: Sql
  commit(): Promise<void>
  /** Undoes what was not committed, and gives the connection back. */
  release(): Promise<void>
  /** An error of the driver as one of ours; any other as it is. */
  translate(error: unknown): unknown
}

/** A deed found out that it has to be done again from its start. */
export class Again extends Error {
  readonly code = "40001"
}

/** How long a server may take for a connection, and for one statement. */
const connectMs = 10_000
const statementMs = 60_000
const checkMs = 5000

const types: CustomTypesConfig = {
  // Counts and revisions are below 2^53; CockroachDB's integers are all of 64 bits.
  getTypeParser: (oid, format) => (oid === driverTypes.builtins.INT8 ? Number : driverTypes.getTypeParser(oid, format)),
}

/**
 * Connections to one database. What a deed does is repeated from its start when others were in its way, and when the
 * connection was lost: so a deed must be one that may be repeated.
 */
export class PostgresConnection {
  readonly name: string
  readonly #pool: Pool
  readonly #patienceMs: number
  #closed: Promise<void> | undefined

  /** `patienceMs`: how long others that are in the way, and a server that is away, are waited for. */
  constructor({ config, name }: Target, poolSize: number, patienceMs: number) {
    this.name = name
    this.#patienceMs = patienceMs
    this.#pool = new Pool({
      ...config,
      types,
      max: poolSize,
      connectionTimeoutMillis: connectMs,
      query_timeout: statementMs,
      keepAlive: true,
      application_name: "slash64",
    })
    // A connection that is lost while nobody uses it is no error: the next deed opens another.
    this.#pool.on("error", () => {})
    this.#pool.on("connect", (client) => client.on("error", () => {}))
  }

  /** Whether the server answers at all: a wrong name is found out soon. */
  async check(): Promise<void> {
    await this.#repeat((sql) => sql.get("SELECT 1"), Math.min(checkMs, this.#patienceMs))
  }

  /** Statements that change nothing, each of a moment of its own. */
  query<T>(deed: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#repeat(deed)
  }

  /** Statements that are each a transaction of their own. */
  alone<T>(deed: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#repeat((sql, sent) => {
      sent()
      return deed(sql)
    })
  }

  /**
   * One transaction that may write, durable when it resolves: each statement sees what was committed before it, and
   * rows that others change are locked. An error undoes all of it.
   */
  write<T>(deed: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#transaction("BEGIN ISOLATION LEVEL READ COMMITTED", deed)
  }

  /** The database as it is at one moment. */
  read<T>(deed: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", deed)
  }

  /** A transaction that its user ends, for what is given or taken piece by piece, and so cannot be repeated. */
  async hold(begin: string): Promise<HeldTransaction> {
    const translate = (error: unknown): unknown =>
      error instanceof DatabaseError || failureOf(error) !== "final" ? translatePostgresError(error, this.name) : error
    if (this.#closed) throw this.#isClosed()
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw translatePostgresError(error, this.name)
    })
    const sql = sqlOn(client)
    let done = false
    const held: HeldTransaction = {
      sql,
      translate: (error) => (isSlash64Error(error) ? error : translate(error)),
      async commit() {
        await sql.run("COMMIT")
        done = true
      },
      async release() {
        client.release(!done && !(await rolledBack(client, undefined)))
      },
    }
    await sql.run(begin).catch(async (error: unknown) => {
      await held.release()
      throw held.translate(error)
    })
    return held
  }

  /** Repeated: success. */
  close(): Promise<void> {
    this.#closed ??= this.#pool.end()
    return this.#closed
  }

  #isClosed(): Slash64Error {
    return new Slash64Error("FAILED_PRECONDITION", `store ${this.name} is closed`, { field: "store" })
  }

  #transaction<T>(begin: string, deed: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#repeat(async (sql, sent) => {
      await sql.run(begin)
      const result = await deed(sql)
      sent()
      await sql.run("COMMIT")
      return result
    })
  }

  /** `attempt` says when it sends what may take effect without an answer. */
  async #repeat<T>(
    attempt: (sql: Sql, sent: () => void) => Promise<T>,
    patienceMs: number = this.#patienceMs,
  ): Promise<T> {
    const deadline = performance.now() + patienceMs
    let outcome: "unknown" | undefined
    for (let turn = 0; ; turn++) {
      if (this.#closed) throw this.#isClosed()
      let sent = false
      try {
        return await this.#attempt((sql) => attempt(sql, () => (sent = true)))
      } catch (error) {
        if (isSlash64Error(error)) throw error
        const failure = failureOf(error)
        if (failure === "lost" && sent) outcome = "unknown"
        if (failure === "final" || performance.now() > deadline) throw translatePostgresError(error, this.name, outcome)
      }
      await sleep(Math.random() * Math.min(1000, 5 * 2 ** turn))
    }
  }

  async #attempt<T>(run: (sql: Sql) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect()
    let broken = true
    try {
      const result = await run(sqlOn(client))
      broken = false
      return result
    } catch (error) {
      broken = !(await rolledBack(client, error))
      throw error
    } finally {
      client.release(broken)
    }
  }
}

/** Whether the connection is of use again. */
async function rolledBack(client: PoolClient, error: unknown): Promise<boolean> {
  if (failureOf(error) === "lost") return false
  try {
    await client.query("ROLLBACK")
    return true
  } catch {
    return false
  }
}

/** A name for each text, the same on every connection. */
const names = new Map<string, string>()

function sqlOn(client: PoolClient): Sql {
  const query = (text: string, values: readonly Value[]) => {
    let name = names.get(text)
    if (name === undefined) names.set(text, (name = `slash64_${names.size}`))
    return client.query<Row>({ name, text, values: values.map(encode) })
  }
  return {
    get: async (text, ...values) => (await query(text, values)).rows[0],
    all: async (text, ...values) => (await query(text, values)).rows,
    run: async (text, ...values) => (await query(text, values)).rowCount ?? 0,
  }
}

/** The driver takes Buffers as bytea, and other views too (8.23), but not within an array. */
function encode(value: Value): unknown {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.length) : value
}
