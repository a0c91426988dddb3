import assert from "node:assert/strict"
import { rejects, sameJson } from "../expect.ts"
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
      const [running, halted] = [bench.vm("running"), bench.vm("halted")]
      const found = await bench.host.findVm(running, bench.call())
      assert.equal(found?.id, running)
      assert.equal(found.running, true)
      const other = await bench.host.findVm(halted, bench.call())
      assert.equal(other?.id, halted)
      assert.equal(other.running, false)
      assert.equal(other.persistent, true)
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
      const { host } = bench
      const vm = await host.findVm(bench.vm("halted"), bench.call())
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
    async run(bench) {
      bench.need("foreign")
      sameJson(await bench.fixtures.foreign?.(), bench.atOpen?.foreign)
    },
  },
  {
    name: "foreign objects: what others made with slash64 is as it was before the suite",
    async run(bench) {
      sameJson(await bench.others(), bench.atOpen?.others)
    },
  },
  {
    name: "close: once and twice",
    async run(bench) {
      const host = await bench.connect()
      await host.close()
      await host.close()
      await Promise.all([host.close(), host.close()])
    },
  },
]
