import assert from "node:assert/strict"
import { rejects, sameJson } from "../bench.ts"
import type { Check } from "../bench.ts"

export const hostChecks: readonly Check[] = [
  {
    name: "describeHost: says what the host is and can do, in JSON",
    async run(bench) {
      const { host } = bench
      const description = await host.describeHost(bench.call())
      sameJson(description, structuredClone(description))
      assert.ok(description.hypervisor.length > 0 && description.version.length > 0)
      assert.equal(description.capabilities.watch, host.watch !== undefined)
    },
  },
  {
    name: "describeHost: a call that was aborted before is CANCELLED",
    async run(bench) {
      const { host } = bench
      await rejects("CANCELLED", host.describeHost(bench.call(AbortSignal.abort())))
    },
  },
  {
    name: "findVm: finds the VMs by UUID, with their power state",
    async run(bench) {
      const { host, fixtures } = bench
      const running = await host.findVm(fixtures.runningVm, bench.call())
      const halted = await host.findVm(fixtures.haltedVm, bench.call())
      assert.equal(running?.running, true)
      assert.equal(halted?.running, false)
      assert.equal(halted.persistent, true)
    },
  },
  {
    name: "findVm: an absent VM is undefined",
    async run(bench) {
      const { host } = bench
      assert.equal(await host.findVm(absentVm, bench.call()), undefined)
    },
  },
  {
    name: "findVmsByName: finds a VM by its name, and an absent name is empty",
    async run(bench) {
      const { host, fixtures } = bench
      const vm = await host.findVm(fixtures.haltedVm, bench.call())
      assert.ok(vm !== undefined)
      sameJson(
        (await host.findVmsByName(vm.name, bench.call())).filter((one) => one.id === vm.id),
        [vm],
      )
      sameJson(await host.findVmsByName("conformance: no VM has this name", bench.call()), [])
    },
  },
]

/** No VM has it. */
export const absentVm = "00000000-0000-4000-8000-00000000dead"

export const closeChecks: readonly Check[] = [
  {
    name: "foreign objects: all that is not ours is as it was before the suite",
    async run({ fixtures, foreignAtOpen }) {
      sameJson(await fixtures.foreign(), foreignAtOpen)
    },
  },
  {
    name: "close: once and twice",
    async run({ host }) {
      await host.close()
      await host.close()
    },
  },
]
