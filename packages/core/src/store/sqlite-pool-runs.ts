import type { Interval } from "../allocate/address-space.ts"
import { numberOf } from "./row.ts"
import type { SqliteConnection } from "./sqlite-connection.ts"

/** A run of free slots of a pool, both ends included. */
export interface Run {
  readonly first: number
  readonly last: number
}

/** The run that ends at or after a slot; it may begin after it. */
export function runFrom(db: SqliteConnection, poolId: string, slot: number): Run | undefined {
  const row = db.get(
    "SELECT first, last FROM pool_runs WHERE pool_id = ? AND last >= ? ORDER BY last LIMIT 1",
    poolId,
    slot,
  )
  return row && { first: numberOf(row, "first"), last: numberOf(row, "last") }
}

/** Takes a slot out of the run that it lies in. */
export function splitRun(db: SqliteConnection, poolId: string, run: Run, slot: number): void {
  if (slot < run.last)
    db.run("UPDATE pool_runs SET first = ? WHERE pool_id = ? AND last = ?", slot + 1, poolId, run.last)
  else db.run("DELETE FROM pool_runs WHERE pool_id = ? AND last = ?", poolId, run.last)
  if (slot > run.first) insertRun(db, poolId, { first: run.first, last: slot - 1 })
}

/** Makes slots free; those beside them join. None where `first` is above `last`. */
export function addRun(db: SqliteConnection, poolId: string, slots: Interval): void {
  const [first, last] = [Number(slots.first), Number(slots.last)]
  if (first > last) return
  const [before, after] = [runFrom(db, poolId, first - 1), runFrom(db, poolId, last + 1)]
  const joinsBefore = before?.last === first - 1
  if (joinsBefore) db.run("DELETE FROM pool_runs WHERE pool_id = ? AND last = ?", poolId, before.last)
  const start = joinsBefore ? before.first : first
  if (after?.first === last + 1)
    db.run("UPDATE pool_runs SET first = ? WHERE pool_id = ? AND last = ?", start, poolId, after.last)
  else insertRun(db, poolId, { first: start, last })
}

/** Forgets what lies outside of these slots. */
export function cutRuns(db: SqliteConnection, poolId: string, slots: Interval): void {
  const [first, last] = [Number(slots.first), Number(slots.last)]
  db.run("DELETE FROM pool_runs WHERE pool_id = ? AND (last < ? OR first > ?)", poolId, first, last)
  db.run("UPDATE pool_runs SET first = ? WHERE pool_id = ? AND first < ?", first, poolId, first)
  db.run("UPDATE pool_runs SET last = ? WHERE pool_id = ? AND last > ?", last, poolId, last)
}

function insertRun(db: SqliteConnection, poolId: string, { first, last }: Run): void {
  db.run("INSERT INTO pool_runs (pool_id, last, first) VALUES (?, ?, ?)", poolId, last, first)
}
