/**
 * A process of measure P5: `HOST USER`. Does each work that it is sent, and answers when all of it is on disk. Raw rows
 * are put in by the same driver, with as many connections, prepared as claims are.
 */
import { openPostgresStore } from "@slash64/store-postgres"
import { Pool } from "pg"
import { benchNetwork, claimNumbers } from "./bench-store.ts"

export interface PostgresWork {
  readonly what: "claim" | "bare" | "indexed"
  readonly first: number
  readonly last: number
  readonly callers: number
}

const [host = "", user = ""] = process.argv.slice(2)
const connections = 8
const connection = { host, user, database: "postgres" }
const store = await openPostgresStore({ connection, secret: new Uint8Array(32).fill(7), poolSize: connections })
const pool = new Pool({ ...connection, max: connections })
const network = benchNetwork()

process.on("message", (work: PostgresWork) => {
  void run(work).then(() => process.send?.("done"))
})
process.send?.("ready")

function run(work: PostgresWork): Promise<void> {
  return work.what === "claim" ? claimNumbers(store, network, work) : insertRows(work.what, work)
}

async function insertRows(table: "bare" | "indexed", { first, last, callers }: PostgresWork): Promise<void> {
  let next = first
  const text = `INSERT INTO ${table} (nic_id, vm_id, mac, address) VALUES ($1, $2, $3, $4)`
  const caller = async () => {
    while (next++ <= last)
      await pool.query({ name: table, text, values: [crypto.randomUUID(), crypto.randomUUID(), random(6), random(16)] })
  }
  await Promise.all(Array.from({ length: callers }, caller))
}

function random(length: number): Buffer {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(length)))
}
