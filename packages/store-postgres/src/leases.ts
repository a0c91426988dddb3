import type { ConvergeLease, LeaseAnswer, Served } from "@slash64/core"
import { checkLease, newLease, numberOf, readLeaseRow, takenLease } from "@slash64/core/store-rules"
import type { KeptLease } from "@slash64/core/store-rules"
import { lockNetwork, needNetwork } from "./networks.ts"
import { Again } from "./postgres-connection.ts"
import type { Sql } from "./postgres-connection.ts"
import { raiseRevision } from "./snapshot.ts"

/** A transaction. */
export async function takeLease(sql: Sql, networkId: string, holder: string, forMs: number): Promise<LeaseAnswer> {
  const kept = await lockLease(sql, networkId, "UPDATE")
  if (kept === undefined) needNetwork(await lockNetwork(sql, networkId, "SHARE"), networkId)
  const now = await databaseClock(sql)
  const answer = takenLease(kept ?? newLease, { networkId, holder, now })
  if ("heldBy" in answer) return answer
  if (answer.takenFrom !== undefined) await raiseRevision(sql, networkId)
  const row = [networkId, answer.lease.fence, holder, now, now + forMs]
  const put =
    kept === undefined
      ? `INSERT INTO converge_leases (network_id, fence, holder, taken_at, ends_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING`
      : `UPDATE converge_leases SET fence = $2, holder = $3, taken_at = $4, ends_at = $5 WHERE network_id = $1`
  if ((await sql.run(put, ...row)) === 0) throw new Again()
  return answer
}

/** A transaction. */
export async function renewLease(sql: Sql, lease: ConvergeLease, forMs: number): Promise<void> {
  checkLease(await lockLease(sql, lease.networkId, "UPDATE"), lease)
  const now = await databaseClock(sql)
  const sentence = "UPDATE converge_leases SET taken_at = $2, ends_at = $3 WHERE network_id = $1"
  await sql.run(sentence, lease.networkId, now, now + forMs)
}

export async function giveBackLease(
  sql: Sql,
  { networkId, holder, fence }: ConvergeLease,
  served: Served | undefined,
): Promise<void> {
  await sql.run(
    `UPDATE converge_leases SET holder = NULL, served_revision = coalesce(CAST($4 AS BIGINT), served_revision),
       served_generation = coalesce(CAST($5 AS BIGINT), served_generation)
     WHERE network_id = $1 AND holder = $2 AND fence = $3`,
    networkId,
    holder,
    fence,
    served?.revision ?? null,
    served?.generation ?? null,
  )
}

/** Within a transaction, to its end: the lease is as it is now. ABORTED when it is another's by now. */
export async function needLease(sql: Sql, lease: ConvergeLease): Promise<void> {
  checkLease(await lockLease(sql, lease.networkId, "SHARE"), lease)
}

async function lockLease(sql: Sql, networkId: string, lock: "SHARE" | "UPDATE"): Promise<KeptLease | undefined> {
  const row = await sql.get(
    `SELECT fence, holder, taken_at, ends_at, served_revision, served_generation
     FROM converge_leases WHERE network_id = $1 FOR ${lock}`,
    networkId,
  )
  return row && readLeaseRow(row)
}

/** Milliseconds since 1970, the same for all who use the database; not of the transaction's begin. */
async function databaseClock(sql: Sql): Promise<number> {
  const row = await sql.get("SELECT CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT) AS now")
  return numberOf(row ?? {}, "now")
}
