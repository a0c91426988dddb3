import { KeyedQueue, Slash64Error, isSlash64Error, type Call, type RouterEndpoint } from "@slash64/core"
import type { SshKey } from "../keys/key-store.ts"
import { raceSignal } from "./race-signal.ts"
import type { ProgramAnswer, ProgramRequest } from "./router-program.ts"
import { connectSsh, type SshConnection } from "./ssh-connection.ts"
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
  /** A connection that nobody has used for as long is closed. */
  readonly idleMs: number
}

export const defaultTimeouts: RouterTimeouts = {
  connectMs: 20_000,
  commandMs: 45_000,
  applyMs: 120_000,
  keepaliveMs: 10_000,
  idleMs: 300_000,
}

export interface RouterCommand {
  readonly deed: string
  readonly request: ProgramRequest
  /** It changes the router, so an answer that never came leaves the outcome unknown. */
  readonly mutates: boolean
  readonly timeoutMs: number
}

/**
 * One router, reached over one connection with one running program, which takes one request after the other. It is
 * held between them, opened again when it was lost, and closed when it has been idle for long.
 */
export class RouterSession {
  private connection: Promise<SshConnection> | undefined
  private idle: NodeJS.Timeout | undefined
  private readonly queue = new KeyedQueue()
  private readonly key: () => Promise<SshKey>
  private readonly timeouts: RouterTimeouts
  private readonly closing = new AbortController()

  constructor(key: () => Promise<SshKey>, timeouts: RouterTimeouts) {
    this.key = key
    this.timeouts = timeouts
  }

  /** Runs one request of `slash64-router` when those before it are answered; its time begins then. */
  async run(router: RouterEndpoint, command: RouterCommand, call: Call): Promise<ProgramAnswer> {
    const waiting = AbortSignal.any([call.signal, this.closing.signal])
    const turn = this.queue.run(router.routerId, { ...call, signal: waiting }, () => this.runNow(router, command, call))
    return raceSignal(turn, waiting).catch((error: unknown) => {
      if (!waiting.aborted || isSlash64Error(error)) throw error
      throw translateAbort(waiting.reason, router, command.deed, command.mutates ? { outcome: "unknown" } : {})
    })
  }

  close(): void {
    this.closing.abort(new Slash64Error("CANCELLED", "the router control was closed"))
    this.drop()
  }

  private async runNow(router: RouterEndpoint, command: RouterCommand, call: Call): Promise<ProgramAnswer> {
    const signal = AbortSignal.any([call.signal, this.closing.signal, AbortSignal.timeout(command.timeoutMs)])
    clearTimeout(this.idle)
    const held = this.connection
    try {
      return await this.ask(router, command, call, signal).catch((error: unknown) => {
        if (held === undefined || !isLost(error)) throw error
        return this.askAgain(router, command, call, signal, error)
      })
    } catch (error) {
      // A request without an answer leaves the program out of step, and may have taken the connection with it.
      this.drop()
      if (!signal.aborted || isSlash64Error(error)) throw error
      throw translateAbort(signal.reason, router, command.deed, command.mutates ? { outcome: "unknown" } : {})
    } finally {
      this.idle = setTimeout(() => this.drop(), this.timeouts.idleMs).unref()
    }
  }

  private async ask(
    router: RouterEndpoint,
    { request }: RouterCommand,
    call: Call,
    signal: AbortSignal,
  ): Promise<ProgramAnswer> {
    const { program, lost } = await raceSignal(this.connect(router, call), signal)
    const answer = await program.ask(request, signal)
    if (answer) return answer
    throw translateSshError(lost() ?? new Error("the program ended"), router, { outcome: "unknown" })
  }

  /**
   * A held connection may have died unseen, as when the router was power-cycled. Whether the request had come through
   * does not matter: its revision, base and digest let the router take it once, and answer it again.
   */
  private async askAgain(
    router: RouterEndpoint,
    command: RouterCommand,
    call: Call,
    signal: AbortSignal,
    first: unknown,
  ): Promise<ProgramAnswer> {
    this.drop()
    return this.ask(router, command, call, signal).catch((error: unknown) => {
      throw isLost(error) ? first : error
    })
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

function isLost(error: unknown): boolean {
  return isSlash64Error(error) && error.code === "UNAVAILABLE"
}
