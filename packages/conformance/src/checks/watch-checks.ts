import assert from "node:assert/strict"
import { setTimeout as delay } from "node:timers/promises"
import { Slash64Error, untilAborted } from "@slash64/core"
import type { HostEvent } from "@slash64/core"
import type { Bench, Check } from "../bench.ts"
import { LeftOut } from "../fixtures.ts"

/** What a host tells, until `stop`. */
interface Watching {
  readonly events: readonly HostEvent[]
  /** Aborts the call; resolves when the watch has ended. */
  stop(): Promise<void>
}

function watch(bench: Bench): Watching {
  const { host } = bench
  if (!bench.capabilities.watch || host.watch === undefined) throw new LeftOut("the host does not claim watch")
  const end = new AbortController()
  const events: HostEvent[] = []
  const stream = host.watch(bench.call(end.signal))
  const ended = (async (): Promise<void> => {
    for await (const event of stream) events.push(event)
  })()
  const stop = async (): Promise<void> => {
    end.abort()
    await before(bench.patienceMs, ended, "it goes on after its call was aborted")
  }
  bench.after(async () => stop().catch(() => {}))
  return { events, stop }
}

async function before(patienceMs: number, ended: Promise<void>, otherwise: string): Promise<void> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new Slash64Error("INTERNAL", otherwise)), patienceMs)
  try {
    await untilAborted(ended, late.signal)
  } finally {
    clearTimeout(timer)
  }
}

/** Does it again until the event comes: when a watch has begun cannot be seen from outside. */
async function untilTold(
  { patienceMs }: Bench,
  watching: Watching,
  wanted: HostEvent,
  deed: () => Promise<void>,
): Promise<void> {
  const isThere = (): boolean => watching.events.some((event) => JSON.stringify(event) === JSON.stringify(wanted))
  for (let tries = 1; tries <= 5 && !isThere(); tries++) {
    await deed()
    for (let waited = 0; waited < patienceMs / 10 && !isThere(); waited += 20) await delay(20)
  }
  assert.ok(isThere(), `was not told ${JSON.stringify(wanted)}`)
}

export const watchChecks: readonly Check[] = [
  {
    name: "watch: a VM that starts and stops is told",
    async run(bench) {
      const vmId = bench.vm("halted")
      bench.need("power")
      const power = async (state: "on" | "off"): Promise<void> => bench.fixtures.power?.(vmId, state)
      const watching = watch(bench)
      bench.after(() => power("off"))
      await untilTold(bench, watching, { kind: "vm-started", vmId }, async () => {
        await power("off")
        await power("on")
      })
      await untilTold(bench, watching, { kind: "vm-stopped", vmId }, async () => {
        await power("on")
        await power("off")
      })
      await watching.stop()
    },
  },
  {
    name: "watch: a NIC that is taken from a running VM is told",
    async run(bench) {
      const vmId = bench.vm("running")
      const watching = watch(bench)
      const nic = bench.nicSpec((await bench.network()).id, vmId)
      await untilTold(bench, watching, { kind: "nic-unplugged", vmId, nicId: nic.id }, async () => {
        await bench.host.attachNic(nic, bench.call())
        await bench.host.detachNic(nic, bench.call())
      })
      await watching.stop()
    },
  },
  {
    name: "watch: two at once are told the same, and one goes on when the other ends",
    async run(bench) {
      const vmId = bench.vm("running")
      const [one, other] = [watch(bench), watch(bench)]
      const nic = bench.nicSpec((await bench.network()).id, vmId)
      const unplugged = { kind: "nic-unplugged", vmId, nicId: nic.id } as const
      const unplug = async (): Promise<void> => {
        await bench.host.attachNic(nic, bench.call())
        await bench.host.detachNic(nic, bench.call())
      }
      await untilTold(bench, one, unplugged, unplug)
      await one.stop()
      await untilTold(bench, other, unplugged, unplug)
      await other.stop()
    },
  },
  {
    name: "watch: ends when its call is aborted, before and after it began",
    async run(bench) {
      await watch(bench).stop()
      const watching = watch(bench)
      await bench.host.listNetworks(bench.call())
      await watching.stop()
    },
  },
]
