import type { Connection } from "@slash64/libvirt-rpc"
import { checkAborted } from "@slash64/core"
import { isNative, translateLibvirt } from "../errors/translate-libvirt.ts"

type Work<Value> = (connection: Connection, options: { readonly signal: AbortSignal }) => Promise<Value>

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
      return await work(await this.connection(signal), { signal })
    } catch (error) {
      throw translateLibvirt(error, signal)
    }
  }

  /** undefined when libvirt says that it is not there. */
  async find<Value>(signal: AbortSignal, absent: string, work: Work<Value>): Promise<Value | undefined> {
    try {
      return await this.run(signal, work)
    } catch (error) {
      if (isNative(error, absent)) return undefined
      throw error
    }
  }

  async connection(signal: AbortSignal): Promise<Connection> {
    const known = await this.#connection?.catch(() => undefined)
    if (known !== undefined && known.failure === undefined && !this.#closed) return known
    if (this.#closed) throw new Error("this host was closed")
    const opening = this.#open(signal)
    this.#connection = opening
    return opening
  }

  async close(): Promise<void> {
    this.#closed = true
    const known = await this.#connection?.catch(() => undefined)
    await known?.close()
  }
}
