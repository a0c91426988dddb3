import { LibvirtConnectionError } from "../connection-error.ts"
import { virNetMessageError } from "../generated/codecs.ts"
import { VIR_NET_ERROR, VIR_NET_MESSAGE_PAYLOAD_MAX, VIR_NET_OK, VIR_NET_REPLY } from "../generated/protocol.ts"
import { LibvirtError } from "../libvirt-error.ts"
import type { Procedure } from "../procedure.ts"
import type { LibvirtStream } from "../stream/libvirt-stream.ts"
import { decode } from "../xdr/decode.ts"
import { XdrError } from "../xdr/xdr-error.ts"
import { XdrWriter } from "../xdr/xdr-writer.ts"
import type { Message } from "./message.ts"
import type { Exchange } from "./session.ts"

/** What of a procedure an answer needs. */
type Answered<Ret> = Pick<Procedure<unknown, Ret>, "name" | "ret">

/** One call from its sending to its reply, and for a call with a stream to the end of the stream. */
export class PendingCall<Ret> implements Exchange {
  readonly #procedure: Answered<Ret>
  readonly #reply = Promise.withResolvers<Ret>()
  readonly #open: ((serial: number) => LibvirtStream) | undefined
  readonly #settled: () => void
  readonly #signal: AbortSignal | undefined
  #stream: LibvirtStream | undefined
  #replied = false
  /** libvirtd may send the first packets of a download before its reply (seen on 9.0). */
  readonly #early: Message[] = []

  /**
   * `open` makes the stream of a procedure that has one, in the very moment of the reply: the first packet may stand
   * right behind it. `settled` is called once, when libvirt is done with the call.
   */
  constructor(
    procedure: Answered<Ret>,
    rest: {
      readonly open: ((serial: number) => LibvirtStream) | undefined
      readonly settled: () => void
      readonly signal: AbortSignal | undefined
    },
  ) {
    this.#procedure = procedure
    this.#open = rest.open
    this.#settled = rest.settled
    this.#signal = rest.signal
    this.#signal?.addEventListener("abort", this.#abort, { once: true })
  }

  get reply(): Promise<Ret> {
    return this.#reply.promise
  }

  receive(message: Message): boolean {
    if (this.#replied) return this.#stream === undefined || this.#stream.receive(message)
    const { type, status } = message.header
    if (type !== VIR_NET_REPLY && this.#open !== undefined && this.#early.length < mostEarlyPackets) {
      this.#early.push(message)
      return false
    }
    if (type !== VIR_NET_REPLY || (status !== VIR_NET_OK && status !== VIR_NET_ERROR)) {
      const text = `libvirt sent a message of type ${type}, status ${status} where ${this.#procedure.name} waits for a reply`
      throw new LibvirtConnectionError("PROTOCOL", text)
    }
    this.#settle()
    if (status === VIR_NET_ERROR) {
      this.#reply.reject(parseError(this.#procedure.name, message.payload))
      return true
    }
    try {
      const ret = decode(this.#procedure.ret, message.payload)
      this.#stream = this.#open?.(message.header.serial)
      this.#reply.resolve(ret)
    } catch (cause) {
      this.#reply.reject(malformed(this.#procedure.name, cause))
    }
    // Nobody waits for the reply any more, so nobody will ever read or end its stream.
    if (this.#signal?.aborted === true) this.#stream?.destroy()
    return (
      this.#stream === undefined ||
      this.#early
        .splice(0)
        .map((early) => this.receive(early))
        .includes(true)
    )
  }

  fail(reason: LibvirtConnectionError): void {
    if (!this.#replied) this.#settle()
    this.#reply.reject(reason)
    this.#stream?.fail(reason)
  }

  readonly #abort = (): void => {
    const text = `${this.#procedure.name} was aborted after it was sent: libvirt may do it or not`
    const details = { outcome: "unknown", cause: this.#signal?.reason } as const
    this.#reply.reject(new LibvirtConnectionError("ABORTED", text, details))
  }

  #settle(): void {
    this.#replied = true
    this.#signal?.removeEventListener("abort", this.#abort)
    this.#settled()
  }
}

/** libvirtd sends a packet when the one before was taken, so that more than a few can only be a mistake. */
const mostEarlyPackets = 64

/** The bytes of a call's arguments; a value that its type does not allow is INVALID_ARGUMENT. */
export function encodeArgs<Args>(procedure: Pick<Procedure<Args, unknown>, "name" | "args">, args: Args): Buffer {
  const writer = new XdrWriter()
  try {
    procedure.args.write(writer, args)
    const { length } = writer.finish()
    if (length > VIR_NET_MESSAGE_PAYLOAD_MAX) throw new XdrError(`${length} bytes are more than a message can hold`)
  } catch (cause) {
    if (!(cause instanceof XdrError)) throw cause
    throw new LibvirtConnectionError("INVALID_ARGUMENT", `${procedure.name}: ${cause.message}`, { cause })
  }
  return writer.finish()
}

/** What a message with status error says. */
export function parseError(procedure: string, payload: Buffer): Error {
  try {
    return new LibvirtError(procedure, decode(virNetMessageError, payload))
  } catch (cause) {
    return malformed(procedure, cause)
  }
}

function malformed(procedure: string, cause: unknown): LibvirtConnectionError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const text = `libvirt's answer to ${procedure} is malformed: ${reason}`
  return new LibvirtConnectionError("PROTOCOL", text, { outcome: "unknown", cause })
}
