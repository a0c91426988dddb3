import type { Duplex } from "node:stream"
import { LibvirtConnectionError } from "../connection-error.ts"
import {
  REMOTE_PROTOCOL_VERSION,
  VIR_NET_CALL,
  VIR_NET_MESSAGE,
  VIR_NET_OK,
  VIR_NET_REPLY,
  VIR_NET_STREAM,
  VIR_NET_STREAM_HOLE,
} from "../generated/protocol.ts"
import { XdrError } from "../xdr/xdr-error.ts"
import { encodeHead, MessageReader, type Message } from "./message.ts"

/** Who waits for the messages that carry one serial number. */
export interface Exchange {
  /** A reply, stream or hole message. Gives true when it was the last one; throws when it may not come now. */
  readonly receive: (message: Message) => boolean
  readonly fail: (reason: LibvirtConnectionError) => void
}

export interface SessionListener {
  /** A message that answers no call. */
  readonly event: (message: Message) => void
  /** Some bytes came, and every message that was complete with them was handed out. */
  readonly chunk: () => void
}

/** A procedure of a program. */
export interface Target {
  readonly program: number
  readonly number: number
}

/**
 * One byte stream with libvirt at its other end: numbers calls, sends messages, hands each received one to the
 * exchange that it belongs to, and tells all of them when the connection is lost.
 */
export class Session {
  readonly #duplex: Duplex
  readonly #exchanges = new Map<number, { readonly exchange: Exchange; readonly target: Target }>()
  readonly #listener: SessionListener
  readonly #ended = Promise.withResolvers<LibvirtConnectionError>()
  #lastSerial = 0
  #failure: LibvirtConnectionError | undefined

  constructor(duplex: Duplex, listener: SessionListener) {
    this.#duplex = duplex
    this.#listener = listener
    const reader = new MessageReader()
    duplex.on("data", (chunk: Buffer) => {
      try {
        reader.push(chunk, (message) => this.#dispatch(message))
        listener.chunk()
      } catch (cause) {
        this.#fail(asConnectionError(cause))
      }
    })
    duplex.on("error", (cause) => {
      this.#fail(new LibvirtConnectionError("CLOSED", `The connection to libvirt broke: ${cause.message}`, { cause }))
    })
    for (const event of ["end", "close"]) {
      duplex.on(event, () => this.#fail(new LibvirtConnectionError("CLOSED", "libvirt closed the connection")))
    }
  }

  /** Why the connection is over; undefined while it lives. */
  get failure(): LibvirtConnectionError | undefined {
    return this.#failure
  }

  /** Fulfilled, never rejected, with the reason when the connection is over. */
  get ended(): Promise<LibvirtConnectionError> {
    return this.#ended.promise
  }

  /** Sends a call; all that comes back for it goes to `exchange`. */
  open(target: Target, args: Uint8Array, exchange: Exchange): void {
    // A loss may be known to the transport before it tells.
    if (!this.#duplex.writable) this.#fail(new LibvirtConnectionError("CLOSED", "libvirt closed the connection"))
    if (this.#failure !== undefined) return exchange.fail(this.#failure)
    this.#lastSerial = (this.#lastSerial + 1) >>> 0
    this.#exchanges.set(this.#lastSerial, { exchange, target })
    this.#send(target, VIR_NET_CALL, this.#lastSerial, VIR_NET_OK, args)
  }

  /** Sends one packet of a stream; calls back when the transport has taken it. */
  sendStream(target: Target, serial: number, status: number, payload: Uint8Array, sent: () => void): void {
    if (this.#failure !== undefined) return
    this.#send(target, VIR_NET_STREAM, serial, status, payload, sent)
  }

  /** Sends a message that nobody answers. */
  sendEvent(target: Target): void {
    if (this.#failure === undefined) this.#send(target, VIR_NET_MESSAGE, 0, VIR_NET_OK, Buffer.alloc(0))
  }

  /** Ends the connection for this reason. */
  close(reason: LibvirtConnectionError): void {
    this.#fail(reason)
  }

  #send(target: Target, type: number, serial: number, status: number, payload: Uint8Array, sent?: () => void): void {
    const header = { prog: target.program, vers: REMOTE_PROTOCOL_VERSION, proc: target.number, type, serial, status }
    const head = encodeHead(header, payload.length)
    // Over SSH each write is a packet of its own.
    if (payload.length <= worthJoining) return void this.#duplex.write(Buffer.concat([head, payload]), () => sent?.())
    this.#duplex.write(head)
    this.#duplex.write(payload, () => sent?.())
  }

  #dispatch(message: Message): void {
    if (this.#failure !== undefined) return
    const { type, serial, prog, proc } = message.header
    if (type === VIR_NET_MESSAGE) return this.#listener.event(message)
    if (type !== VIR_NET_REPLY && type !== VIR_NET_STREAM && type !== VIR_NET_STREAM_HOLE) {
      const text = `libvirt sent a message of type ${type}, which is not for a client without file descriptors`
      throw new LibvirtConnectionError("PROTOCOL", text)
    }
    const open = this.#exchanges.get(serial)
    if (open !== undefined && (open.target.program !== prog || open.target.number !== proc)) {
      const text = `libvirt answered call ${serial} of procedure ${open.target.number} as one of procedure ${proc}`
      throw new LibvirtConnectionError("PROTOCOL", text)
    }
    if (open?.exchange.receive(message) === true) this.#exchanges.delete(serial)
    // libvirtd 9.0 sends further packets of a stream that it has ended with an error; serial numbers may wrap.
    const callsSince = (this.#lastSerial - serial) >>> 0
    if (open === undefined && callsSince >= 0x80000000) {
      throw new LibvirtConnectionError("PROTOCOL", `libvirt answered call ${serial}, which was never sent`)
    }
  }

  #fail(reason: LibvirtConnectionError): void {
    if (this.#failure !== undefined) return
    this.#failure = reason
    this.#duplex.destroy()
    const exchanges = [...this.#exchanges.values()]
    this.#exchanges.clear()
    for (const { exchange } of exchanges) exchange.fail(reason.afterSending())
    this.#ended.resolve(reason)
  }
}

const worthJoining = 16_384

function asConnectionError(cause: unknown): LibvirtConnectionError {
  if (cause instanceof LibvirtConnectionError) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  const what =
    cause instanceof XdrError ? "libvirt sent what is no message of its protocol" : "This client failed on a message"
  return new LibvirtConnectionError("PROTOCOL", `${what}: ${reason}`, { cause })
}
