import { setTimeout as sleep } from "node:timers/promises"
import { apply, newCall, plan, releaseLease } from "@slash64/core"
import type { Call, HostEvent, PlanProblem, Rooms } from "@slash64/core"
import { HostWatches } from "./host-watches.ts"
import { JumpingClock } from "./jumping-clock.ts"
import { WorkQueue } from "./work-queue.ts"

export interface LoopOptions {
  /** How often all hosts and routers are looked at. */
  readonly everyMs: number
}

export interface Loop {
  /** Begins nothing more, cancels what runs, and waits for its end. What was half done is found by the next one. */
  close(): Promise<void>
}

/** What a clock may be set by at a time before the log has it. */
const jumpMs = 2_000

/** How long one network, or one lease, may take. */
const patienceMs = 600_000

/**
 * Keeps hosts and routers as the store has it: looks at all of them at once and from then on every `everyMs`, at a
 * network when its host tells that something happened to a VM of it, and takes the roads that mend what differs. An
 * event is only the word to look. A VM that stopped has its leases released.
 */
export function keepTrue(rooms: Rooms, { everyMs }: LoopOptions): Loop {
  const ending = new AbortController()
  const { signal } = ending
  const { log, store } = rooms
  const told = new Map<string, string>()

  const attempt = async (what: string, work: (call: Call) => Promise<void>): Promise<void> => {
    try {
      await work(newCall({ signal, timeoutMs: patienceMs }))
    } catch (error) {
      if (!signal.aborted) log.warn({ what, error }, "the loop failed, and goes on")
    }
  }
  /** A problem that lasts is told once. */
  const tell = (key: string, problems: readonly PlanProblem[]): void => {
    const text = JSON.stringify(problems)
    if ((told.get(key) ?? "[]") !== text) {
      for (const problem of problems) log.warn({ ...problem }, "this needs a person")
      if (problems.length === 0) log.info({ what: key }, "no problem any more")
    }
    told.set(key, text)
  }
  const networks = new WorkQueue((network) =>
    attempt(network, async (call) => {
      if ((await store.findNetwork(network)) === undefined) return
      const { done, problems } = await apply({ network }, rooms, call)
      for (const step of done) log.info({ ...step }, "mended")
      tell(network, problems)
    }),
  )
  const leases = new WorkQueue((nic) =>
    attempt(nic, async (call) => {
      const released = await releaseLease(nic, rooms, call)
      if (released.nic !== undefined) log.info({ nic, vmId: released.nic.vmId }, "lease released: its VM stopped")
    }),
  )
  const watches = new HostWatches(rooms, (host, event) => attempt(host, (call) => onEvent(host, event, call)), signal)

  const onEvent = async (hostName: string, { kind, vmId }: HostEvent, call: Call): Promise<void> => {
    const nics = await store.listNics({ vmId })
    const stopped = kind === "vm-stopped" || kind === "vm-gone"
    for (const nic of nics) {
      networks.add(nic.networkId)
      if (stopped) leases.add(nic.id)
    }
    if (nics.length > 0 || !stopped) return
    // It may be a router's own VM.
    const host = await rooms.hosts.open(hostName, call)
    const halted = new Set((await host.listRouters(call)).filter((one) => !one.running).map(({ id }) => id))
    for (const router of await store.listRouters()) if (halted.has(router.vmId)) networks.add(router.networkId)
  }

  const run = async (): Promise<void> => {
    const clock = new JumpingClock()
    while (!signal.aborted) {
      const jumpedMs = clock.jumpedMs()
      if (Math.abs(jumpedMs) > jumpMs) log.warn({ jumpedMs }, "the clock of this machine jumped")
      await attempt("all", async (call) => {
        await watches.renew()
        const { steps, problems } = await plan({}, rooms, call)
        tell("all", problems)
        for (const { networkId } of steps) networks.add(networkId)
      })
      await sleep(everyMs, undefined, { signal }).catch(() => undefined)
    }
  }
  const running = run()
  return {
    async close() {
      ending.abort()
      await Promise.all([running, networks.close(), leases.close(), watches.ended()])
    },
  }
}
