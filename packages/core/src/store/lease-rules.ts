import { Slash64Error } from "../errors.ts"
import type { ConvergeLease, LeaseAnswer, Served } from "./lease-store.ts"
import { numberOf, textOf } from "./row.ts"
import type { Row } from "./row.ts"

/** As a store keeps it; times are milliseconds since 1970 by the store's clock. */
export interface KeptLease {
  /** How often it has changed hands. */
  readonly fence: number
  /** Absent: given back. */
  readonly holder?: string
  readonly takenAt: number
  readonly endsAt: number
  readonly served?: Served
}

/** Of a network whose router nobody has converged yet. */
export const newLease: KeptLease = { fence: 0, takenAt: 0, endsAt: 0 }

export function readLeaseRow(row: Row): KeptLease {
  return {
    fence: numberOf(row, "fence"),
    takenAt: numberOf(row, "taken_at"),
    endsAt: numberOf(row, "ends_at"),
    ...(row["holder"] !== null && { holder: textOf(row, "holder") }),
    ...(row["served_revision"] !== null && {
      served: { revision: numberOf(row, "served_revision"), generation: numberOf(row, "served_generation") },
    }),
  }
}

/** What a taking gives, and the fence that is kept with it; without one, nothing is kept. */
export function takenLease(
  kept: KeptLease,
  { networkId, holder, now }: { readonly networkId: string; readonly holder: string; readonly now: number },
): LeaseAnswer {
  if (kept.holder === holder) return { lease: { networkId, holder, fence: kept.fence } }
  const lease = { networkId, holder, fence: kept.fence + 1 }
  if (kept.holder === undefined) return { lease }
  // A clock that was set back must not keep the lease of a dead process for long.
  const isOver = now >= kept.endsAt || now < kept.takenAt
  if (isOver) return { lease, takenFrom: kept.holder }
  return { heldBy: kept.holder, ...(kept.served !== undefined && { served: kept.served }) }
}

/** ABORTED unless the lease is the one that is kept: what its holder writes belongs to a time that is over. */
export function checkLease(kept: KeptLease | undefined, { networkId, holder, fence }: ConvergeLease): void {
  if (kept?.fence === fence && kept.holder === holder) return
  const now = kept?.holder === undefined ? "it is given back" : `it is ${kept.holder}'s`
  throw new Slash64Error("ABORTED", `the lease ${fence} on the router of ${networkId} is over: ${now}`, {
    field: "networkId",
    value: networkId,
    hint: "Repeat: what was done is found again.",
  })
}
