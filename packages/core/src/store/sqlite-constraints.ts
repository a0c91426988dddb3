import { recordTaken } from "./record-rules.ts"
import type { StoreRecord } from "./store-record.ts"

/** SQLITE_CONSTRAINT. */
const constraint = 19
const fields: Readonly<Record<string, string>> = {
  "nics.id": "nic.id",
  "nics.mac": "nic.mac",
  "nics.hostname": "nic.hostname",
  "index 'nics_by_vm'": "nic.isDefault",
  "addresses.address": "address",
  "pool_prefixes.slot": "prefix",
  "pool_prefixes.pool_id": "holder.id",
}

/** What a unique index refuses of an imported record, as ALREADY_EXISTS; any other error as it is. */
export function translateConstraint(error: unknown, record: StoreRecord): unknown {
  if (!(error instanceof Error) || !("errcode" in error)) return error
  if (typeof error.errcode !== "number" || (error.errcode & 0xff) !== constraint) return error
  const column = /(\w+\.\w+|index '\w+')$/.exec(error.message)?.[1] ?? ""
  return recordTaken(record, fields[column], error)
}
