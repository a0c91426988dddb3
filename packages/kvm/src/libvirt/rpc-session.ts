import { Slash64Error, checkAborted, isSlash64Error } from "@slash64/core"
import type { Connection } from "@slash64/libvirt-rpc"
import { isNative, translateLibvirt } from "../errors/translate-libvirt.ts"
import { untilAborted } from "../errors/until-aborted.ts"

type Work<Value> = (connection: Connection, options: { readonly signal: AbortSignal }) => Promise<Value>

/** How long libvirt may take to open a connection. */
const openMs = 30_000

/**
 * A connection to libvirt that is opened when first needed and again after it broke, before a call is sent. What was
 * sent and not answered is never repeated here.
 */
export class RpcSession {
  readonly #open: (signal: AbortSignal) => Promise<Connection>
  #connection: Promise<Connection> | undefined
  #closed = false

  constructor(open: (signal: AbortSignal) => Promise<Connection>) {
    this.#open = open
  }

  async run<Value>(signal: AbortSignal, work: Work<Value>): Promise<Value> {
    checkAborted(signal)
    try {
      return await work(await this.#connect(signal), { signal })
    } catch (error) {
      throw translateLibvirt(error, signal)
    }
  }

  /** undefined when libvirt says that it is not there. */
  async find<Value>(
    signal: AbortSignal,
    absent: string | readonly string[],
    work: Work<Value>,
  ): Promise<Value | undefined> {
    try {
      return await this.run(signal, work)
    } catch (error) {
      if (isNative(error, ...[absent].flat())) return undefined
      throw error
    }
  }

  /** Removes where others may remove at the same time: a refusal counts only while the thing is still there. */
  async remove(signal: AbortSignal, find: () => Promise<unknown>, work: Work<void>): Promise<void> {
    if ((await find()) === undefined) return
    try {
      await this.run(signal, work)
    } catch (error) {
      const unanswered = signal.aborted || (isSlash64Error(error) && error.code === "UNAVAILABLE")
      if (unanswered || (await find()) !== undefined) throw error
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const known = await this.#connection?.catch(() => undefined)
    await known?.close({ signal: AbortSignal.timeout(2_000) })
  }

  /** The open connection; all that ask at once share one attempt, which goes on when one of them gives up. */
  #connect(signal: AbortSignal): Promise<Connection> {
    if (this.#closed) throw new Slash64Error("FAILED_PRECONDITION", "this host was closed", { hint: "Connect again." })
    return untilAborted(signal, (this.#connection ??= this.#start()))
  }

  async #start(): Promise<Connection> {
    const forget = (): void => {
      this.#connection = undefined
    }
    try {
      const connection = await this.#open(AbortSignal.timeout(openMs))
      void connection.ended.then(forget)
      return connection
    } catch (error) {
      forget()
      throw error
    }
  }
}
