import { checkLease, newLease, readLeaseRow, takenLease } from "./lease-rules.ts"
import type { KeptLease } from "./lease-rules.ts"
import type { ConvergeLease, LeaseAnswer, Served } from "./lease-store.ts"
import type { SqliteConnection } from "./sqlite-connection.ts"
import { needNetworkRow, raiseRevision } from "./sqlite-networks.ts"

/** Each of these runs within a transaction of `db`; `now` is in milliseconds. */
export function takeLease(
  db: SqliteConnection,
  networkId: string,
  holder: string,
  { now, forMs }: { readonly now: number; readonly forMs: number },
): LeaseAnswer {
  needNetworkRow(db, networkId)
  const answer = takenLease(findLease(db, networkId) ?? newLease, { networkId, holder, now })
  if ("heldBy" in answer) return answer
  if (answer.takenFrom !== undefined) raiseRevision(db, networkId)
  db.run(
    `INSERT INTO converge_leases (network_id, fence, holder, taken_at, ends_at) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (network_id) DO UPDATE
     SET fence = excluded.fence, holder = excluded.holder, taken_at = excluded.taken_at, ends_at = excluded.ends_at`,
    networkId,
    answer.lease.fence,
    holder,
    now,
    now + forMs,
  )
  return answer
}

export function renewLease(
  db: SqliteConnection,
  lease: ConvergeLease,
  { now, forMs }: { readonly now: number; readonly forMs: number },
): void {
  needLease(db, lease)
  const sentence = "UPDATE converge_leases SET taken_at = ?, ends_at = ? WHERE network_id = ?"
  db.run(sentence, now, now + forMs, lease.networkId)
}

export function giveBackLease(
  db: SqliteConnection,
  { networkId, holder, fence }: ConvergeLease,
  served: Served | undefined,
): void {
  db.run(
    `UPDATE converge_leases SET holder = NULL, served_revision = coalesce(?, served_revision),
       served_generation = coalesce(?, served_generation)
     WHERE network_id = ? AND holder = ? AND fence = ?`,
    served?.revision ?? null,
    served?.generation ?? null,
    networkId,
    holder,
    fence,
  )
}

/** ABORTED when the lease is another's by now. */
export function needLease(db: SqliteConnection, lease: ConvergeLease): void {
  checkLease(findLease(db, lease.networkId), lease)
}

function findLease(db: SqliteConnection, networkId: string): KeptLease | undefined {
  const row = db.get(
    `SELECT fence, holder, taken_at, ends_at, served_revision, served_generation
     FROM converge_leases WHERE network_id = ?`,
    networkId,
  )
  return row && readLeaseRow(row)
}
