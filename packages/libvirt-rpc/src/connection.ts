import type { Duplex } from "node:stream"
import { closedByOwner, LibvirtConnectionError } from "./connection-error.ts"
import { EventCalls } from "./events/event-calls.ts"
import { procedures } from "./generated/procedures.ts"
import { KEEPALIVE_PROC_PING, KEEPALIVE_PROC_PONG, KEEPALIVE_PROGRAM } from "./generated/protocol.ts"
import type { CallOptions, Procedure, Streaming } from "./procedure.ts"
import { LibvirtStream } from "./stream/libvirt-stream.ts"
import { Keepalive, type KeepaliveOptions } from "./wire/keepalive.ts"
import type { Message } from "./wire/message.ts"
import { encodeArgs, parseError, PendingCall } from "./wire/pending-call.ts"
import { ReadGate } from "./wire/read-gate.ts"
import { Session } from "./wire/session.ts"
import { Slots } from "./wire/slots.ts"

export interface ConnectionOptions {
  /**
   * How many calls may be unanswered at once; more wait here, in order. Default 4, one less than libvirtd's
   * `max_client_requests`: at that limit libvirtd stops reading from a client, and with that answering its keepalive.
   */
  readonly maxCalls?: number
  /** Finds out that the other side is dead, on by default. False: a call to a dead host waits until its signal. */
  readonly keepalive?: KeepaliveOptions | false
}

/** An open connection: a method for each of libvirt's procedures and events, any number of calls at once. */
export class Connection extends EventCalls implements AsyncDisposable {
  readonly #session: Session
  readonly #slots: Slots
  readonly #gate: ReadGate
  readonly #keepalive: Keepalive | undefined

  /** Over a byte stream with libvirt's daemon at its other end. `connect` also authenticates and opens a driver. */
  constructor(duplex: Duplex, options: ConnectionOptions = {}) {
    super()
    const { maxCalls = 4, keepalive = {} } = options
    if (!Number.isInteger(maxCalls) || maxCalls < 1) {
      throw new LibvirtConnectionError("INVALID_ARGUMENT", `maxCalls: ${maxCalls} is no whole number above 0`)
    }
    this.#slots = new Slots(maxCalls)
    this.#gate = new ReadGate(duplex)
    this.#session = new Session(duplex, {
      event: (message) => this.#receiveEvent(message),
      chunk: () => this.#receiveChunk(),
    })
    this.#keepalive = keepalive === false ? undefined : this.#startKeepalive(keepalive)
    void this.#session.ended.then((reason) => this.#end(reason))
  }

  /** Why the connection is over; undefined while it lives. */
  get failure(): LibvirtConnectionError | undefined {
    return this.#session.failure
  }

  /** Fulfilled with the reason once the connection is over. Never rejected. */
  get ended(): Promise<LibvirtConnectionError> {
    return this.#session.ended
  }

  override async call<Args, Ret>(procedure: Procedure<Args, Ret>, args: Args, options?: CallOptions): Promise<Ret> {
    return this.#exchange(procedure, args, options?.signal)
  }

  override async openStream<Args, Ret>(
    procedure: Procedure<Args, Ret>,
    args: Args,
    options?: CallOptions,
  ): Promise<Streaming<Ret>> {
    const opened = Promise.withResolvers<LibvirtStream>()
    const open = (serial: number): LibvirtStream => {
      const stream = new LibvirtStream(procedure.stream ?? "read", options?.signal, {
        send: (status, payload, sent) => this.#session.sendStream(procedure, serial, status, payload, sent),
        parseError: (payload) => parseError(procedure.name, payload),
        setBehind: (behind) => this.#gate.setBehind(opened, behind),
      })
      opened.resolve(stream)
      return stream
    }
    const ret = await this.#exchange(procedure, args, options?.signal, open)
    return { ret, stream: await opened.promise }
  }

  /**
   * Ends the connection when libvirt has answered what was sent; calls that were not sent are rejected at once, open
   * streams are aborted. `signal` cuts the wait short. A repeat, or a lost connection, is no error.
   */
  async close(options?: CallOptions): Promise<void> {
    const cut = whenAborted(options?.signal)
    await Promise.race([cut, this.ended, this.#slots.close(closedByOwner())])
    if (options?.signal?.aborted !== true) {
      const goodbye = this.#send(procedures.connectClose, Buffer.alloc(0), undefined, () => {})
      await Promise.race([cut, goodbye.catch(() => {})])
    }
    this.destroy()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Ends the connection at once. Calls that were sent and not answered are rejected with outcome `unknown`. */
  destroy(): void {
    this.#session.close(closedByOwner())
  }

  async #exchange<Args, Ret>(
    procedure: Procedure<Args, Ret>,
    args: Args,
    signal: AbortSignal | undefined,
    open?: (serial: number) => LibvirtStream,
  ): Promise<Ret> {
    const payload = encodeArgs(procedure, args)
    await this.#slots.take(signal)
    return this.#send(procedure, payload, signal, () => this.#slots.release(), open)
  }

  #send<Ret>(
    procedure: Pick<Procedure<unknown, Ret>, "name" | "program" | "number" | "ret">,
    payload: Buffer,
    signal: AbortSignal | undefined,
    settled: () => void,
    open?: (serial: number) => LibvirtStream,
  ): Promise<Ret> {
    this.#gate.callSent()
    const pending = new PendingCall(procedure, {
      open,
      signal,
      settled: () => {
        this.#gate.callSettled()
        settled()
      },
    })
    this.#session.open(procedure, payload, pending)
    return pending.reply
  }

  #receiveEvent(message: Message): void {
    const { prog, proc } = message.header
    if (prog !== KEEPALIVE_PROGRAM) this.events.dispatch(message)
    else if (proc === KEEPALIVE_PROC_PING) this.#session.sendEvent(pong)
  }

  #receiveChunk(): void {
    this.#gate.chunkRead()
    this.#keepalive?.hear()
  }

  #startKeepalive(options: KeepaliveOptions): Keepalive {
    return new Keepalive(options, {
      // While the gate is shut, silence is of our own making.
      ping: () => (this.#gate.shut ? this.#keepalive?.hear() : this.#session.sendEvent(ping)),
      dead: (silentMs) => {
        const text = `libvirt sent nothing for ${silentMs} ms and did not answer: its host or the way to it is gone`
        this.#session.close(new LibvirtConnectionError("KEEPALIVE", text))
      },
    })
  }

  #end(reason: LibvirtConnectionError): void {
    this.#keepalive?.end()
    this.#gate.end()
    void this.#slots.close(reason)
    this.events.fail(reason)
  }
}

const ping = { program: KEEPALIVE_PROGRAM, number: KEEPALIVE_PROC_PING }
const pong = { program: KEEPALIVE_PROGRAM, number: KEEPALIVE_PROC_PONG }

function whenAborted(signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal?.aborted === true) resolve()
  else signal?.addEventListener("abort", () => resolve(), { once: true })
  return promise
}
