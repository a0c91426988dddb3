import { Slash64Error, isSlash64Error, type Call, type RouterEndpoint } from "@slash64/core"
import type { SshKey } from "../keys/key-store.ts"
import { connectSsh, type CommandResult, type SshConnection } from "./ssh-connection.ts"
import { translateAbort, translateSshError } from "./translate-ssh-error.ts"

/** How long each step may take, in milliseconds. */
export interface RouterTimeouts {
  /** From opening the stream to an authenticated connection. */
  readonly connectMs: number
  /** A command may wait 30 s for the router's lock. */
  readonly commandMs: number
  /** An apply may wait for the lock, and then dnsmasq is restarted. */
  readonly applyMs: number
  readonly keepaliveMs: number
}

export const defaultTimeouts: RouterTimeouts = {
  connectMs: 20_000,
  commandMs: 45_000,
  applyMs: 120_000,
  keepaliveMs: 10_000,
}

export interface RouterCommand {
  readonly deed: string
  readonly words: readonly string[]
  readonly input?: () => AsyncIterable<Uint8Array>
  /** It changes the router, so an answer that never came leaves the outcome unknown. */
  readonly mutates: boolean
  readonly timeoutMs: number
}

/** One router, reached over one connection that is held open and opened again when it was lost. */
export class RouterSession {
  private connection: Promise<SshConnection> | undefined
  private readonly key: () => Promise<SshKey>
  private readonly timeouts: RouterTimeouts
  private readonly closing = new AbortController()

  constructor(key: () => Promise<SshKey>, timeouts: RouterTimeouts) {
    this.key = key
    this.timeouts = timeouts
  }

  /** Runs one command of `slash64-router`. */
  async run(router: RouterEndpoint, command: RouterCommand, call: Call): Promise<CommandResult> {
    const signal = AbortSignal.any([call.signal, this.closing.signal, AbortSignal.timeout(command.timeoutMs)])
    try {
      return await this.runOnHeld(router, command, call, signal)
    } catch (error) {
      if (!signal.aborted || isSlash64Error(error)) throw error
      // A command that hangs may have taken the connection with it.
      if (!call.signal.aborted) this.drop()
      throw translateAbort(signal.reason, router, command.deed, command.mutates ? { outcome: "unknown" } : {})
    }
  }

  close(): void {
    this.closing.abort(new Slash64Error("CANCELLED", "the router control was closed"))
    this.drop()
  }

  private async runOnHeld(
    router: RouterEndpoint,
    command: RouterCommand,
    call: Call,
    signal: AbortSignal,
  ): Promise<CommandResult> {
    const held = this.connection
    try {
      const connection = await raceSignal(this.connect(router, call), signal)
      return await connection.run(command.words.join(" "), command.input?.(), signal)
    } catch (error) {
      // A held connection may have died unseen, as when the router was power-cycled. Nothing was sent, so once more.
      const mayRepeat = held !== undefined && isSlash64Error(error) && error.code === "UNAVAILABLE" && !error.outcome
      if (!mayRepeat) throw error
      if (this.connection === held) this.drop()
      const connection = await raceSignal(this.connect(router, call), signal)
      return connection.run(command.words.join(" "), command.input?.(), signal)
    }
  }

  /** The held connection, or a new one that all who ask meanwhile wait for. */
  private connect(router: RouterEndpoint, call: Call): Promise<SshConnection> {
    this.connection ??= this.open(router, call).catch((error: unknown) => {
      this.connection = undefined
      throw error
    })
    return this.connection
  }

  /**
   * Not bound to the signal of the call that happens to come first: others wait for the same connection. Nor to one
   * that fires later: whoever opens the stream may have tied its life to the signal.
   */
  private async open(router: RouterEndpoint, call: Call): Promise<SshConnection> {
    const opening = new AbortController()
    const timer = setTimeout(
      () => opening.abort(new DOMException("timed out", "TimeoutError")),
      this.timeouts.connectMs,
    )
    const onClosing = () => opening.abort(this.closing.signal.reason)
    this.closing.signal.addEventListener("abort", onClosing)
    try {
      const target = { ...this.timeouts, routerId: router.routerId, hostKey: router.hostKey, key: await this.key() }
      const stream = await router.open({ ...call, signal: opening.signal })
      return await connectSsh(stream, target, opening.signal)
    } catch (error) {
      if (!opening.signal.aborted) throw translateSshError(error, router)
      throw translateAbort(opening.signal.reason, router, "opening the connection")
    } finally {
      clearTimeout(timer)
      this.closing.signal.removeEventListener("abort", onClosing)
    }
  }

  private drop(): void {
    const connection = this.connection
    this.connection = undefined
    void connection?.then((held) => held.close()).catch(() => undefined)
  }
}

async function raceSignal<Value>(value: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener("abort", onAbort, { once: true })
  return Promise.race([value, aborted.promise]).finally(() => signal.removeEventListener("abort", onAbort))
}
