import { renderRouter } from "@slash64/router"
import { startBenchRouter } from "../bench-router.ts"
import type { BenchRouter } from "../bench-router.ts"
import { formatFigures } from "../figures.ts"
import { mustCount, timed } from "../measure.ts"
import type { Bench, Measure } from "../measure.ts"
import { spreadOf } from "../statistics.ts"

const counts = [10_000, 100_000]

export const pushAll: Measure = {
  id: "P8",
  title: "all reservations of a router VM pushed, by QEMU without KVM",
  async run(bench) {
    const router = await startBenchRouter(bench, "all")
    try {
      let revision = 1
      for (const count of counts) revision = await compareAt(bench, router, count, revision)
    } finally {
      await router.close()
    }
    bench.note(
      "Every reservation differs from the one that the router holds, so all of them are sent. A push ends with the router's " +
        "answer: they are checked, on its disk and dnsmasq is told. The peer only writes its bytes to the router's memory.",
    )
  },
}

async function compareAt(bench: Bench, router: BenchRouter, count: number, first: number): Promise<number> {
  const { control, endpoint, raw, state, call } = router
  let revision = first
  const reading: number[] = []
  await bench.compare({
    title: `${count.toLocaleString("en")} reservations`,
    by: "cost",
    target: 1.6,
    ours: {
      name: "push, taken into use",
      async run() {
        revision += 1
        const next = state(revision, count, `vm${revision % 2}`)
        const sample = await timed(1, () => control.push(endpoint, next, call()))
        // What the router does once it has answered is not to be the peer's.
        reading.push((await timed(1, () => idle(router))).seconds)
        await mustServe(router, count, `vm${revision % 2}`)
        return sample
      },
    },
    peer: {
      name: "the same rendered, and the bytes written by SFTP",
      async run() {
        const next = state(revision + 1, count, "peer")
        return timed(1, async () => {
          const reservations = renderRouter(next).get("reservations") ?? ""
          await raw.put("/run/bench", Buffer.from(reservations))
        })
      },
    },
  })
  const more = formatFigures("cost", spreadOf(reading))
  bench.note(`After the answer dnsmasq took ${more} more until it had read ${count.toLocaleString("en")} and was idle.`)
  return revision
}

/** Waits until dnsmasq, which is told by a signal, has read the reservations and has nothing to do. */
async function idle({ raw }: BenchRouter): Promise<void> {
  const sleeping = "grep -q '^State:.S' /proc/$pid/status"
  await raw.exec(`read -r pid </run/slash64/dnsmasq.pid; until ${sleeping}; do sleep 0.02; done`)
}

async function mustServe({ raw }: BenchRouter, count: number, name: string): Promise<void> {
  const served = await raw.exec(`grep -c ,${name}- /run/slash64/hosts`)
  mustCount("reservations that the router serves", Number(served), count)
}
