import type { z } from "zod"

/** The master of a pool, logged in. Every answer is checked by a schema; every error is a slash64 error. */
export interface Xapi {
  /** Asked again when the connection is closed without an answer. */
  read<T>(shape: z.ZodType<T>, signal: AbortSignal, method: string, ...args: readonly unknown[]): Promise<T>
  /** Sent once; without an answer it is UNAVAILABLE with `outcome: "unknown"`. */
  change<T>(shape: z.ZodType<T>, signal: AbortSignal, method: string, ...args: readonly unknown[]): Promise<T>
  /** Logs out. Repeated: success. */
  close(): Promise<void>
}

/** The reference that leads nowhere. */
export const nullRef = "OpaqueRef:NULL"
