import { Slash64Error, isSlash64Error, newCall } from "@slash64/core"
import type { Call } from "@slash64/core"
import { toProblem } from "../problem.ts"
import type { Operation } from "./operation.ts"

/** How many run at once, how many that have ended are kept, and for how long. */
export interface OperationLimits {
  readonly running: number
  readonly ended: number
  readonly keptMs: number
}

export const defaultLimits: OperationLimits = { running: 256, ended: 10_000, keptMs: 3_600_000 }

export interface Work {
  /** The same work while it runs is the same operation. */
  readonly key: string
  readonly kind: string
  readonly target: string
  readonly requestId: string
  run(call: Call): Promise<unknown>
}

/**
 * The long work of this process. It is kept in memory alone: what the work does is in the store, so after a restart
 * the same request is sent again and finds what was done.
 */
export class Operations {
  readonly #limits: OperationLimits
  readonly #onDefect: (error: unknown, operation: Operation) => void
  readonly #entries = new Map<string, Entry>()
  readonly #running = new Map<string, Entry>()
  #serial = 0

  constructor(
    onDefect: (error: unknown, operation: Operation) => void = () => {},
    limits: OperationLimits = defaultLimits,
  ) {
    this.#onDefect = onDefect
    this.#limits = limits
  }

  /** The operation that does this work already, or a new one. RESOURCE_EXHAUSTED when too many run. */
  start(work: Work): Operation {
    const same = this.#running.get(work.key)
    if (same !== undefined) return same.operation
    if (this.#running.size >= this.#limits.running) {
      throw new Slash64Error("RESOURCE_EXHAUSTED", `${this.#running.size} operations run already`, {
        hint: "Wait until some have ended, then repeat.",
      })
    }
    this.#forgetOld()
    const entry = new Entry(this.#nextId(), work)
    this.#entries.set(entry.operation.id, entry)
    this.#running.set(work.key, entry)
    entry.ended = this.#run(entry, work)
    return entry.operation
  }

  /** NOT_FOUND when it is unknown or no more kept. */
  find(id: string): Operation {
    return this.#entry(id).operation
  }

  /** In the order in which they were started; `after` need not be there any more. */
  list(): readonly Operation[] {
    this.#forgetOld()
    return [...this.#entries.values()].map(({ operation }) => operation)
  }

  /** Asks it to stop; it has stopped when its state says so. One that has ended stays as it is. */
  cancel(id: string): Operation {
    const entry = this.#entry(id)
    entry.cancel.abort()
    return entry.operation
  }

  /** The operation when it has ended, or as it is when `signal` is aborted. */
  async wait(id: string, signal: AbortSignal): Promise<Operation> {
    const entry = this.#entry(id)
    while (entry.operation.state === "running" && !signal.aborted) await entry.nextChange(signal)
    return entry.operation
  }

  /** The operation now, and whenever it has changed, to its end; one who reads slowly is given the newest alone. */
  async *watch(id: string, signal: AbortSignal): AsyncGenerator<Operation> {
    const entry = this.#entry(id)
    for (;;) {
      const shown = entry.operation
      yield shown
      if (shown.state !== "running") return
      if (entry.operation === shown) await entry.nextChange(signal)
      if (signal.aborted) return
    }
  }

  /** Waits `graceMs` for what runs, then cancels it, and waits until it has stopped. */
  async close(graceMs: number): Promise<void> {
    const all = Promise.allSettled([...this.#running.values()].map(({ ended }) => ended))
    const timer = setTimeout(() => this.#running.forEach(({ cancel }) => cancel.abort()), graceMs)
    await all
    clearTimeout(timer)
  }

  async #run(entry: Entry, work: Work): Promise<void> {
    const { signal } = entry.cancel
    try {
      const report: Call["report"] = (progress) => entry.change({ progress })
      const result = await work.run(newCall({ requestId: work.requestId, signal, report }))
      entry.end({ state: "succeeded", result })
    } catch (error) {
      const cancelled = isSlash64Error(error) && error.code === "CANCELLED" && signal.aborted
      entry.end({ state: cancelled ? "cancelled" : "failed", error: toProblem(error, work.requestId) })
      if (!isSlash64Error(error)) this.#onDefect(error, entry.operation)
    } finally {
      this.#running.delete(work.key)
    }
  }

  #entry(id: string): Entry {
    this.#forgetOld()
    const entry = this.#entries.get(id)
    if (entry !== undefined) return entry
    throw new Slash64Error("NOT_FOUND", `operation ${JSON.stringify(id.slice(0, 64))} is not known`, {
      field: "operation",
      value: id.slice(0, 64),
      hint: "Operations are kept for an hour and not over a restart: repeat the request, it finds what was done.",
    })
  }

  /** Of one length, so that they sort as they came. */
  #nextId(): string {
    this.#serial += 1
    return `${Date.now().toString(36).padStart(9, "0")}-${this.#serial.toString(36).padStart(6, "0")}`
  }

  #forgetOld(): void {
    const oldest = Date.now() - this.#limits.keptMs
    let tooMany = this.#entries.size - this.#running.size - this.#limits.ended
    for (const [id, { endedMs }] of this.#entries) {
      if (endedMs === undefined || (endedMs > oldest && tooMany <= 0)) continue
      this.#entries.delete(id)
      tooMany -= 1
    }
  }
}

class Entry {
  operation: Operation
  readonly cancel = new AbortController()
  ended: Promise<void> = Promise.resolve()
  endedMs: number | undefined
  #changed = Promise.withResolvers<void>()

  constructor(id: string, { kind, target, requestId }: Work) {
    this.operation = { id, kind, target, state: "running", requestId, startedAt: new Date().toISOString() }
  }

  change(change: Partial<Operation>): void {
    this.operation = { ...this.operation, ...change }
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  end(change: Pick<Operation, "state" | "result" | "error">): void {
    this.endedMs = Date.now()
    const { progress: _progress, ...operation } = this.operation
    this.operation = operation
    this.change({ ...change, endedAt: new Date(this.endedMs).toISOString() })
  }

  async nextChange(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    signal.addEventListener("abort", wake, { once: true })
    await Promise.race([this.#changed.promise, promise])
    signal.removeEventListener("abort", wake)
  }
}
