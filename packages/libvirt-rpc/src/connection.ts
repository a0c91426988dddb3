import type { Duplex } from "node:stream"
import { LibvirtConnectionError } from "./connection-error.ts"
import { ProcedureCalls } from "./generated/procedure-calls.ts"
import { KEEPALIVE_PROC_PING, KEEPALIVE_PROC_PONG, KEEPALIVE_PROGRAM } from "./generated/protocol.ts"
import type { CallOptions, Procedure, Streaming } from "./procedure.ts"
import { LibvirtStream } from "./stream/libvirt-stream.ts"
import type { Message } from "./wire/message.ts"
import { encodeArgs, parseError, PendingCall } from "./wire/pending-call.ts"
import { Session } from "./wire/session.ts"
import { Slots } from "./wire/slots.ts"

export interface ConnectionOptions {
  /**
   * How many calls may be unanswered at once; more wait here. Default 4, one less than libvirtd's
   * `max_client_requests`: at that limit libvirtd stops reading from a client, its pings included.
   */
  readonly maxCalls?: number
}

/** An open connection: one method for each of libvirt's procedures, any number of calls at once. */
export class Connection extends ProcedureCalls {
  readonly #session: Session
  readonly #slots: Slots

  /** Over a byte stream with libvirt's daemon at its other end. `connect` also authenticates and opens a driver. */
  constructor(duplex: Duplex, options: ConnectionOptions = {}) {
    super()
    this.#slots = new Slots(options.maxCalls ?? 4)
    this.#session = new Session(duplex, (message) => this.#receiveEvent(message))
  }

  /** Why the connection is over; undefined while it lives. */
  get failure(): LibvirtConnectionError | undefined {
    return this.#session.failure
  }

  /** Fulfilled with the reason once the connection is over. Never rejected. */
  get ended(): Promise<LibvirtConnectionError> {
    return this.#session.ended
  }

  override call<Args, Ret>(procedure: Procedure<Args, Ret>, args: Args, options?: CallOptions): Promise<Ret> {
    return this.#exchange(procedure, args, options?.signal)
  }

  override async openStream<Args, Ret>(
    procedure: Procedure<Args, Ret>,
    args: Args,
    options?: CallOptions,
  ): Promise<Streaming<Ret>> {
    const signal = options?.signal
    const opened = Promise.withResolvers<LibvirtStream>()
    const open = (serial: number): LibvirtStream => {
      const stream = new LibvirtStream(procedure.stream ?? "read", signal, {
        send: (status, payload, sent) => this.#session.sendStream(procedure, serial, status, payload, sent),
        parseError: (payload) => parseError(procedure.name, payload),
        holdBack: () => {},
      })
      opened.resolve(stream)
      return stream
    }
    const ret = await this.#exchange(procedure, args, signal, open)
    return { ret, stream: await opened.promise }
  }

  /** Ends the connection at once. Calls that were sent and not answered are rejected with outcome `unknown`. */
  close(): void {
    this.#session.close(new LibvirtConnectionError("CLOSED", "The connection was closed by its owner"))
  }

  async #exchange<Args, Ret>(
    procedure: Procedure<Args, Ret>,
    args: Args,
    signal: AbortSignal | undefined,
    open?: (serial: number) => LibvirtStream,
  ): Promise<Ret> {
    const payload = encodeArgs(procedure, args)
    await this.#slots.take(signal)
    const pending = new PendingCall(procedure, { open, signal, settled: () => this.#slots.release() })
    this.#session.open(procedure, payload, pending)
    return pending.reply
  }

  #receiveEvent(message: Message): void {
    const { prog, proc } = message.header
    if (prog === KEEPALIVE_PROGRAM && proc === KEEPALIVE_PROC_PING) {
      this.#session.sendEvent({ program: KEEPALIVE_PROGRAM, number: KEEPALIVE_PROC_PONG })
    }
  }
}
