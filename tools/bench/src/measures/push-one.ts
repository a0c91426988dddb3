import { startBenchRouter } from "../bench-router.ts"
import type { BenchRouter } from "../bench-router.ts"
import { mustCount, timed } from "../measure.ts"
import type { Bench, Measure, Side } from "../measure.ts"

const [many, few] = [10_000, 100]
const pushes = 10

export const pushOne: Measure = {
  id: "P7",
  alias: "push",
  title: "one reservation pushed into a router VM, by QEMU without KVM",
  async run(bench) {
    const routers: BenchRouter[] = []
    try {
      for (const name of ["many", "few"]) routers.push(await startBenchRouter(bench, name))
      const [large, small] = routers
      if (large && small) await compareOn(bench, large, small)
    } finally {
      for (const router of routers) await router.close()
    }
  },
}

async function compareOn(bench: Bench, large: BenchRouter, small: BenchRouter): Promise<void> {
  bench.progress(`filling a router with ${many} reservations`)
  const [onLarge, onSmall] = [await pusher(large, many), await pusher(small, few)]
  await bench.compare({
    title: `${many.toLocaleString("en")} held`,
    by: "cost",
    target: 0.6,
    ours: { name: "push of a state with one more", run: onLarge.run },
    peer: {
      name: "exec of true on a held connection of ssh2",
      run: () =>
        timed(pushes, async () => {
          for (let count = 0; count < pushes; count++) await large.raw.exec("true")
        }),
    },
  })
  await bench.compare({
    title: `${many.toLocaleString("en")} held against ${few}`,
    by: "cost",
    target: 1.2,
    ours: { name: `push of one more at ${many.toLocaleString("en")}`, run: onLarge.run },
    peer: { name: `push of one more at ${few}`, run: onSmall.run },
  })
  await onLarge.check()
  await onSmall.check()
  bench.note(
    `At most ${Math.max(onLarge.mostBytes(), onSmall.mostBytes())} bytes were sent for one; 4 KiB is the limit.`,
  )
}

/** Pushes states of which each has one reservation more than the one before. */
async function pusher({ control, endpoint, raw, state, call }: BenchRouter, held: number) {
  let [revision, count, mostBytes] = [2, held, 0]
  await control.push(endpoint, state(revision, count), call())
  const run: Side["run"] = async () => {
    const states = Array.from({ length: pushes }, () => state(++revision, ++count))
    return timed(pushes, async () => {
      for (const each of states) mostBytes = Math.max(mostBytes, (await control.push(endpoint, each, call())).sentBytes)
    })
  }
  return {
    run,
    mostBytes: () => mostBytes,
    async check() {
      const served = await raw.exec("cd /run/slash64; cat hosts hosts.d/* | wc -l")
      mustCount("reservations that the router serves", Number(served), count)
      const { drifted } = await control.status(endpoint, call())
      mustCount("files that differ", drifted.length, 0)
    },
  }
}
