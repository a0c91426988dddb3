import type { Connection } from "./connection.ts"
import { closedByOwner } from "./connection-error.ts"
import { ProcedureCalls } from "./generated/procedure-calls.ts"
import type { CallOptions, Procedure, Streaming } from "./procedure.ts"
import { SharedAttempt } from "./shared-attempt.ts"

/**
 * The procedures of libvirt over a connection that is opened when first needed, and again after it was lost. Only
 * before a call is sent: a call that was sent and not answered is rejected with outcome `unknown`, never repeated.
 * Events end with the connection that they were registered on: take it with `connection` and subscribe there.
 */
export class ReconnectingConnection extends ProcedureCalls implements AsyncDisposable {
  readonly #opening: SharedAttempt<Connection>
  #live: Connection | undefined
  #closed = false

  /** `open` makes a connection, for example `(signal) => connect("qemu:///system", { signal })`. */
  constructor(open: (signal: AbortSignal) => Promise<Connection>) {
    super()
    this.#opening = new SharedAttempt(async (signal) => {
      const opened = await open(signal)
      if (signal.aborted) {
        opened.destroy()
        throw signal.reason
      }
      this.#live = opened
      return opened
    })
  }

  /** The connection of now, opened when there is none. Who waits shares one attempt. */
  async connection(options?: CallOptions): Promise<Connection> {
    if (this.#closed) throw closedByOwner()
    if (this.#live !== undefined && this.#live.failure === undefined) return this.#live
    return this.#opening.join(options?.signal)
  }

  override call<Args, Ret>(procedure: Procedure<Args, Ret>, args: Args, options?: CallOptions): Promise<Ret> {
    return this.#whenConnected((connection) => connection.call(procedure, args, options), options)
  }

  override openStream<Args, Ret>(
    procedure: Procedure<Args, Ret>,
    args: Args,
    options?: CallOptions,
  ): Promise<Streaming<Ret>> {
    return this.#whenConnected((connection) => connection.openStream(procedure, args, options), options)
  }

  /** Ends the connection as Connection.close does, and opens none any more. */
  async close(options?: CallOptions): Promise<void> {
    this.#closed = true
    this.#opening.abandon(closedByOwner())
    await this.#live?.close(options)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #whenConnected<T>(work: (connection: Connection) => Promise<T>, options: CallOptions | undefined): Promise<T> {
    const connection = await this.connection(options)
    try {
      return await work(connection)
    } catch (error) {
      // The very error of the connection is that of a call which was not sent; one that was sent gets a copy.
      if (error !== connection.failure || this.#closed) throw error
    }
    return work(await this.connection(options))
  }
}
