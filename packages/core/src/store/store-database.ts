import type { Call } from "../plugin/call.ts"

/** What stands behind a store, for who looks after it. */
export interface StoreDatabase {
  /**
   * Says whether what is stored is whole and keeps our rules. Changes nothing, not the schema either. NOT_FOUND when
   * there is no store; FAILED_PRECONDITION when it is not ours or newer; DATA_LOSS when it is no database at all.
   */
  check(call: Call): Promise<StoreCheck>
  /**
   * A copy as of one moment, while others may write, in `directory`, which is there: the database and the secret that
   * `stable` addresses are made from, each under its own name, mode 0600, on disk when it resolves. Restored by putting
   * both back. ALREADY_EXISTS where it would overwrite; RESOURCE_EXHAUSTED on a full disk, and no database is left there.
   */
  backup(directory: string, call: Call): Promise<StoreBackup>
  /** Brings the schema up to date, or with `dryRun` says only what would be done. Up to date: success. */
  migrate(request: MigrateRequest, call: Call): Promise<StoreMigration>
  /**
   * Held by a server for as long as it lives; the function that it gives ends it. FAILED_PRECONDITION where this engine
   * is for one server and there is one. A server that died holds nothing.
   */
  lockForServer(): Promise<() => void>
}

export interface StoreCheck {
  /** Migrations that the store has seen, and that this slash64 knows. */
  readonly schema: number
  readonly newestSchema: number
  readonly sizeBytes: number
  /** Records by kind: `networks`, `nics`. */
  readonly counts: Readonly<Record<string, number>>
  readonly findings: readonly StoreFinding[]
  /** Findings that are left out, for there are too many. */
  readonly moreFindings: number
}

export interface StoreFinding {
  /** `note`: nothing is wrong, but somebody may want to know. */
  readonly severity: "note" | "error"
  /** `NIC web1`, `file`. */
  readonly subject: string
  readonly problem: string
  readonly hint: string
}

export interface StoreBackup {
  readonly file: string
  readonly secretFile: string
  readonly schema: number
  readonly sizeBytes: number
}

export interface MigrateRequest {
  readonly dryRun: boolean
  /** The secret that is there, or is made, is the store's own from now on: NICs to come get other addresses. */
  readonly acceptSecret?: boolean
}

export interface StoreMigration {
  readonly from: number
  readonly to: number
}
