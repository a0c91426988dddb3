import { newCall } from "@slash64/core"
import type { HostEvent, Rooms } from "@slash64/core"

/** Listens to every host that can tell what happens on it; one that cannot is looked at from time to time alone. */
export class HostWatches {
  readonly #rooms: Rooms
  readonly #onEvent: (host: string, event: HostEvent) => Promise<void>
  readonly #signal: AbortSignal
  readonly #watches = new Map<string, Promise<void>>()
  /** What is told already: a host may be away for long. */
  readonly #away = new Set<string>()

  constructor(rooms: Rooms, onEvent: (host: string, event: HostEvent) => Promise<void>, signal: AbortSignal) {
    this.#rooms = rooms
    this.#onEvent = onEvent
    this.#signal = signal
  }

  /** Listens to the hosts that were added since, and again to those whose connection was lost. */
  async renew(): Promise<void> {
    for (const { name } of await this.#rooms.store.listHosts())
      if (!this.#watches.has(name) && !this.#signal.aborted) this.#watches.set(name, this.#watch(name))
  }

  /** Resolves when all have ended, after the signal. */
  async ended(): Promise<void> {
    await Promise.all(this.#watches.values())
  }

  async #watch(name: string): Promise<void> {
    const { log, hosts } = this.#rooms
    const call = newCall({ signal: this.#signal })
    try {
      const host = await hosts.open(name, call)
      if (this.#away.has(name)) {
        // A host that was opened before is given without a question to it.
        await host.listNetworks(call)
        this.#away.delete(name)
        log.info({ host: name }, "the host answers again")
      }
      for await (const event of host.watch?.(call) ?? []) await this.#onEvent(name, event)
    } catch (error) {
      if (!this.#signal.aborted && !this.#away.has(name))
        log.warn({ host: name, error }, "no word of the host any more; it is asked again")
      this.#away.add(name)
    } finally {
      this.#watches.delete(name)
    }
  }
}
