import type { Duplex } from "node:stream"
import type { Codec } from "./xdr/xdr-codec.ts"

export { nothing } from "./xdr/xdr-codec.ts"

/** A procedure of one of libvirt's programs, with the codecs of its arguments and of its reply. */
export interface Procedure<Args, Ret> {
  /** The name of the method that calls it. */
  readonly name: string
  readonly program: number
  readonly number: number
  readonly args: Codec<Args>
  readonly ret: Codec<Ret>
  /** `write`: bytes go to libvirt after the reply; `read`: they come from it (a console goes both ways). */
  readonly stream?: "read" | "write"
}

export interface CallOptions {
  /**
   * Ends the wait. libvirt cannot take back a call that was sent: the rejection's `outcome` tells whether it was.
   * For a procedure with a stream the signal also aborts the stream, at any time until its end.
   */
  readonly signal?: AbortSignal | undefined
}

/** The reply of a procedure that opens a stream, and the stream. */
export interface Streaming<Ret> {
  readonly ret: Ret
  readonly stream: Duplex
}

/** Lets TypeScript infer the types of a table's row. */
export function procedure<Args, Ret>(row: Procedure<Args, Ret>): Procedure<Args, Ret> {
  return row
}
