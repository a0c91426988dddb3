import assert from "node:assert/strict"
import { setTimeout as delay } from "node:timers/promises"
import { isSlash64Error } from "@slash64/core"
import type { Call } from "@slash64/core"
import { none, only, sameJson } from "../expect.ts"
import type { Bench, Check } from "../bench.ts"

/** A mutation on something new each time, and a look at whether it is done exactly once. */
interface Deed {
  readonly verb: string
  /** Prepares what the verb needs; nothing of it is disturbed. */
  readonly prepare: (bench: Bench) => Promise<{ run(call: Call): Promise<unknown>; checkDone(): Promise<void> }>
}

const deeds: readonly Deed[] = [
  {
    verb: "ensureNetwork",
    async prepare(bench) {
      const spec = bench.networkSpec()
      return {
        run: (call) => bench.host.ensureNetwork(spec, call),
        checkDone: async () => {
          const { id, attachment, mtu } = only(await bench.host.listNetworks(bench.call()), spec.id)
          sameJson({ id, attachment, mtu }, spec)
        },
      }
    },
  },
  {
    verb: "removeNetwork",
    async prepare(bench) {
      const { id } = await bench.network()
      return {
        run: (call) => bench.host.removeNetwork(id, call),
        checkDone: async () => none(await bench.host.listNetworks(bench.call()), id),
      }
    },
  },
  ...(["running", "halted"] as const).flatMap((power): Deed[] => [
    {
      verb: `attachNic (${power} VM)`,
      async prepare(bench) {
        const nic = bench.nicSpec((await bench.network()).id, bench.vm(power))
        return {
          run: (call) => bench.host.attachNic(nic, call),
          checkDone: async () => {
            const { mac, networkId, vmId, live } = only(await bench.host.listNics(bench.call()), nic.id)
            sameJson(
              { mac, networkId, vmId, live },
              {
                mac: nic.mac,
                networkId: nic.networkId,
                vmId: nic.vmId,
                live: power === "running" && bench.capabilities.liveAttach,
              },
            )
          },
        }
      },
    },
    {
      verb: `detachNic (${power} VM)`,
      async prepare(bench) {
        const nic = bench.nicSpec((await bench.network()).id, bench.vm(power))
        await bench.host.attachNic(nic, bench.call())
        return {
          run: (call) => bench.host.detachNic(nic, call),
          checkDone: async () => none(await bench.host.listNics(bench.call()), nic.id),
        }
      },
    },
  ]),
  {
    verb: "ensureTemplate",
    async prepare(bench) {
      const template = bench.need("template")
      await bench.host.removeTemplate(template.digest, bench.call())
      return {
        run: (call) => bench.host.ensureTemplate(template, call),
        checkDone: async () => {
          const listed = await bench.host.listTemplates(bench.call())
          assert.equal(listed.filter((one) => one.digest === template.digest).length, 1)
        },
      }
    },
  },
  {
    verb: "removeTemplate",
    async prepare(bench) {
      const { digest } = await bench.template()
      return {
        run: (call) => bench.host.removeTemplate(digest, call),
        checkDone: async () => {
          const listed = await bench.host.listTemplates(bench.call())
          assert.equal(listed.filter((one) => one.digest === digest).length, 0)
        },
      }
    },
  },
  {
    verb: "ensureRouter",
    async prepare(bench) {
      await bench.template()
      const spec = await bench.routerSpec((await bench.network()).id)
      return {
        run: (call) => bench.host.ensureRouter(spec, call),
        checkDone: async () => {
          const { running, controlMac, nics } = only(await bench.host.listRouters(bench.call()), spec.id)
          sameJson({ running, controlMac, nics }, { running: true, controlMac: spec.controlMac, nics: spec.nics })
        },
      }
    },
  },
  {
    verb: "removeRouter",
    async prepare(bench) {
      await bench.template()
      const network = await bench.network()
      const spec = await bench.routerSpec(network.id)
      await bench.host.ensureRouter(spec, bench.call())
      return {
        run: (call) => bench.host.removeRouter(spec.id, call),
        checkDone: async () => {
          none(await bench.host.listRouters(bench.call()), spec.id)
          await bench.host.removeNetwork(network.id, bench.call())
        },
      }
    },
  },
]

/** Aborts each verb at moments spread over the time that it takes undisturbed. */
const abortedChecks: readonly Check[] = deeds.map(({ verb, prepare }) => ({
  name: `${verb}: aborted on its way is CANCELLED or done, and a repeat completes it`,
  async run(bench) {
    const undisturbed = await prepare(bench)
    const start = performance.now()
    await undisturbed.run(bench.call())
    const took = performance.now() - start
    await undisturbed.checkDone()
    await bench.clean()
    for (const part of [0, 0.25, 0.5, 0.75]) {
      const deed = await prepare(bench)
      const cancel = new AbortController()
      const outcome = settle(deed.run(bench.call(cancel.signal)))
      await delay(took * part)
      cancel.abort()
      const { code } = await outcome
      assert.ok(code === "OK" || code === "CANCELLED", `aborted after ${part} of its time it gave ${code}`)
      await deed.run(bench.call())
      await deed.checkDone()
      await bench.clean()
    }
  },
}))

/** Loses the answer to each request that a verb sends, one after the other. */
const lostAnswerChecks: readonly Check[] = deeds.map(({ verb, prepare }) => ({
  name: `${verb}: whichever answer is lost, it is done or UNAVAILABLE, and a repeat completes it once`,
  async run(bench) {
    const wire = bench.need("wire")
    let skip = 0
    for (let lost = true; lost; skip += 1) {
      assert.ok(skip < 500, "the verb has no end")
      const deed = await prepare(bench)
      const end = wire.loseAnswer(skip)
      const { code, outcome } = await settle(deed.run(bench.call()))
      lost = end()
      assert.ok(code === "OK" || code === "UNAVAILABLE", `without answer ${skip + 1} it gave ${code}`)
      assert.ok(code === "OK" || outcome === "unknown", `without answer ${skip + 1} it did not say that it may be done`)
      assert.ok(lost || code === "OK", `undisturbed it gave ${code}`)
      await deed.run(bench.call())
      await deed.checkDone()
      await bench.clean()
    }
    assert.ok(skip > 1, "no answer of the verb came by the wire")
  },
}))

/** `OK`, or the code of the error; what has no code is thrown. */
async function settle(promise: Promise<unknown>): Promise<{ readonly code: string; readonly outcome?: string }> {
  try {
    await promise
    return { code: "OK" }
  } catch (error) {
    if (!isSlash64Error(error)) throw error
    const { code, outcome } = error
    return outcome === undefined ? { code } : { code, outcome }
  }
}

export const disturbedChecks: readonly Check[] = [...abortedChecks, ...lostAnswerChecks]
