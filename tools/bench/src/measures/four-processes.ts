import { fork } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { openPostgresStore } from "@slash64/store-postgres"
import { startPostgres } from "@slash64/tool-lab"
import type { OwnPostgres } from "@slash64/tool-lab"
import { benchNetwork } from "../bench-store.ts"
import { mustCount, timed } from "../measure.ts"
import type { Bench, Measure, Side } from "../measure.ts"
import type { PostgresWork } from "../postgres-process.ts"

const user = "bench"
const processes = 4
/** Of each process in each round. */
const share = 1000
const columns = "nic_id text PRIMARY KEY, vm_id text NOT NULL, mac bytea NOT NULL, address bytea NOT NULL"

export const fourProcesses: Measure = {
  id: "P5",
  alias: "postgres",
  title: "four processes on one network in PostgreSQL",
  async run(bench) {
    bench.progress("starting a PostgreSQL")
    const server = await startPostgres().catch((error: unknown) => bench.skip(String(error)))
    if (server === undefined) return
    try {
      await compareOn(server, bench)
    } finally {
      await server.remove()
    }
  },
}

async function compareOn(server: OwnPostgres, bench: Bench): Promise<void> {
  const url = await server.openSchema(user)
  const store = await openPostgresStore({ url, secret: new Uint8Array(32).fill(7) })
  await store.createNetwork(benchNetwork())
  await server.sql(
    user,
    `CREATE TABLE bare (${columns}); CREATE TABLE indexed (${columns},
    UNIQUE (vm_id), UNIQUE (mac), UNIQUE (address))`,
  )
  const program = join(import.meta.dirname, "../postgres-process.ts")
  const children = Array.from({ length: processes }, () => fork(program, [server.host, user]))
  const done = { claim: 0, bare: 0, indexed: 0 }
  const side = (name: string, what: PostgresWork["what"], callers: number): Side => ({
    name,
    run: () => timed(processes * share, () => Promise.all(children.map((child) => assign(child, what, callers)))),
  })
  const assign = (child: ChildProcess, what: PostgresWork["what"], callers: number) => {
    const first = done[what] + 1
    done[what] += share
    child.send({ what, first, last: done[what], callers } satisfies PostgresWork)
    return once(child, "message", { signal: bench.signal })
  }
  try {
    await Promise.all(children.map((child) => once(child, "message", { signal: bench.signal })))
    for (const callers of [1, 16]) {
      const title = `${callers} ${callers === 1 ? "caller" : "callers"} in each process`
      const ours = side("claimNic", "claim", callers)
      const bare = side("INSERT of one row with one key", "bare", callers)
      await bench.compare({ title, by: "speed", target: 0.7, ours, peer: bare })
      const indexed = side("the same INSERT with four unique indexes", "indexed", callers)
      await bench.compare({ title, by: "speed", ours, peer: indexed })
    }
    mustCount("held addresses", (await store.countAddresses("bench")).ipv6?.held ?? 0n, done.claim)
    const count = async (what: string) => BigInt(await server.sql(user, `SELECT count(${what}`))
    mustCount("distinct addresses", await count("DISTINCT ipv6) FROM nics"), done.claim)
    mustCount("bare rows", await count("*) FROM bare"), done.bare)
    mustCount("indexed rows", await count("*) FROM indexed"), done.indexed)
    const version = await server.sql(user, "SHOW server_version")
    bench.note(
      `PostgreSQL ${version} of our own on a unix socket, fsync on; both sides by the driver pg, statements prepared, ` +
        "8 connections a process.",
    )
  } finally {
    for (const child of children) child.kill()
    await store.close()
  }
}
