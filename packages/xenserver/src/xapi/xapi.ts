import type { z } from "zod"

/** The master of a pool, logged in. Every answer is checked by a schema; every error is a slash64 error. */
export interface Xapi {
  /** Asked again when the connection is closed without an answer. */
  read<T>(shape: z.ZodType<T>, signal: AbortSignal, method: string, ...args: readonly unknown[]): Promise<T>
  /** A read that is asked once: a session that has ended, and a master that has changed, are UNAVAILABLE. */
  ask<T>(shape: z.ZodType<T>, signal: AbortSignal, method: string, ...args: readonly unknown[]): Promise<T>
  /** Sent once; without an answer it is UNAVAILABLE with `outcome: "unknown"`. */
  change<T>(shape: z.ZodType<T>, signal: AbortSignal, method: string, ...args: readonly unknown[]): Promise<T>
  /** Sends a disk's bytes, once; what became of them stands in the task. UNAVAILABLE when they were not all taken. */
  upload(signal: AbortSignal, to: { readonly vdi: string; readonly task: string }, upload: Upload): Promise<void>
  /** Hands a disk's bytes to `read`, as many as it asks for. */
  download<T>(signal: AbortSignal, vdi: string, read: (body: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T>
  /** Logs out. Repeated: success. */
  close(): Promise<void>
}

/** A disk on its way. */
export interface Upload {
  readonly format: "raw" | "vhd"
  /** Bytes of `open()`. */
  readonly length: number
  /** Called again when XAPI wants them at another host. */
  readonly open: () => AsyncIterable<Uint8Array>
}

/** The reference that leads nowhere. */
export const nullRef = "OpaqueRef:NULL"
