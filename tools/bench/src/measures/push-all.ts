import { renderRouter } from "@slash64/router"
import { startBenchRouter } from "../bench-router.ts"
import type { BenchRouter } from "../bench-router.ts"
import { mustCount, timed } from "../measure.ts"
import type { Bench, Measure } from "../measure.ts"

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
      "Every reservation differs from the one that the router holds, so all of them are sent; dnsmasq reads them after the answer.",
    )
  },
}

async function compareAt(bench: Bench, router: BenchRouter, count: number, first: number): Promise<number> {
  const { control, endpoint, raw, state, call } = router
  let revision = first
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
        await settled(router, count, `vm${revision % 2}`)
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
  return revision
}

/** Waits until dnsmasq, which is told by a signal, has read the reservations and is idle. */
async function settled({ raw }: BenchRouter, count: number, name: string): Promise<void> {
  const served = await raw.exec(`grep -c ,${name}- /run/slash64/hosts`)
  mustCount("reservations that the router serves", Number(served), count)
  const idle = "read -r pid </run/slash64/dnsmasq.pid; until grep -q '^State:.S' /proc/$pid/status; do sleep 0.1; done"
  await raw.exec(idle)
}
