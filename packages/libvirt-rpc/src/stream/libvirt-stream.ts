import { Duplex } from "node:stream"
import { LibvirtConnectionError } from "../connection-error.ts"
import {
  VIR_NET_CONTINUE,
  VIR_NET_ERROR,
  VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX,
  VIR_NET_OK,
  VIR_NET_STREAM_HOLE,
} from "../generated/protocol.ts"
import type { Message } from "../wire/message.ts"

/** How a stream reaches its connection. */
export interface StreamLink {
  /** Sends one packet; calls back when the connection has taken it. */
  readonly send: (status: number, payload: Uint8Array, sent: () => void) => void
  /** What libvirt meant by a packet with status error. */
  readonly parseError: (payload: Buffer) => Error
  /** The reader is behind (true) or has caught up (false). */
  readonly setBehind: (behind: boolean) => void
}

const empty = Buffer.alloc(0)

/**
 * The bytes that follow the reply of a call, as a Node stream.
 *
 * Writing: `end()` sends libvirt's finish, and the stream's `finish` event means that libvirt confirmed it, so the
 * bytes are where they belong. Reading: `end` comes after libvirt's confirmation too. `destroy()` before that
 * aborts the stream at libvirt. A failure there destroys it with a LibvirtError.
 */
export class LibvirtStream extends Duplex {
  readonly #link: StreamLink
  #state: "open" | "finishing" | "over" = "open"
  #confirmed: (() => void) | undefined

  constructor(direction: "read" | "write", signal: AbortSignal | undefined, link: StreamLink) {
    super()
    this.#link = link
    if (direction === "write") {
      this.push(null)
      this.resume()
    }
    const abort = (): void => {
      const text = "The stream was aborted before its end"
      this.destroy(new LibvirtConnectionError("ABORTED", text, { outcome: "unknown", cause: signal?.reason }))
    }
    signal?.addEventListener("abort", abort, { once: true })
    this.once("close", () => signal?.removeEventListener("abort", abort))
    // A connection that is lost before the owner attaches anything must not end the process.
    this.on("error", () => {})
  }

  /** A packet from libvirt. Gives true when it was the last of this stream. */
  receive(message: Message): boolean {
    const { type, status } = message.header
    if (this.#state === "over") return status !== VIR_NET_CONTINUE
    if (status === VIR_NET_ERROR) {
      this.#state = "over"
      this.destroy(this.#link.parseError(message.payload))
      return true
    }
    if (type === VIR_NET_STREAM_HOLE) {
      const text = "libvirt sent a hole: sparse streams are not spoken here. Call without the SPARSE_STREAM flag"
      this.destroy(new LibvirtConnectionError("UNSUPPORTED", text, { outcome: "unknown" }))
      return false
    }
    if (status === VIR_NET_CONTINUE) {
      this.#receiveBytes(message.payload)
      return false
    }
    this.#state = "over"
    if (!this.readableEnded) this.push(null)
    if (this.#confirmed === undefined) this.end()
    this.#confirmed?.()
    return true
  }

  /** The connection is lost. */
  fail(reason: Error): void {
    this.#state = "over"
    this.destroy(reason)
  }

  override _read(): void {
    this.#link.setBehind(false)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#sendBytes(chunk, done)
  }

  override _final(done: () => void): void {
    if (this.#state === "over") return done()
    this.#confirmed = done
    this.#finish()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#link.setBehind(false)
    if (this.#state !== "over") {
      this.#state = "over"
      this.#link.send(VIR_NET_ERROR, empty, () => {})
    }
    done(error)
  }

  #sendBytes(bytes: Buffer, done: () => void): void {
    const packet = bytes.subarray(0, VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX)
    const rest = bytes.subarray(packet.length)
    this.#link.send(VIR_NET_CONTINUE, packet, rest.length === 0 ? done : () => this.#sendBytes(rest, done))
  }

  #receiveBytes(bytes: Buffer): void {
    // An empty packet is the end of what libvirt has to send; it waits for a finish.
    if (bytes.length === 0) this.#finish()
    else if (!this.push(bytes)) this.#link.setBehind(true)
  }

  #finish(): void {
    if (this.#state !== "open") return
    this.#state = "finishing"
    this.#link.send(VIR_NET_OK, empty, () => {})
  }
}
