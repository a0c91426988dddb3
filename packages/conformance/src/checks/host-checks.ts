import assert from "node:assert/strict"
import { sameJson } from "../expect.ts"
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
      for (const { subject, problem, hint } of description.findings) assert.ok(subject && problem && hint)
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
      for (const id of [bench.vm("running"), bench.vm("halted")]) {
        const vm = await host.findVm(id, bench.call())
        assert.ok(vm !== undefined)
        const found = await host.findVmsByName(vm.name, bench.call())
        sameJson(
          found.filter((one) => one.id === id),
          [vm],
        )
        assert.deepEqual(new Set(found.map(({ name }) => name)), new Set([vm.name]))
      }
      sameJson(await host.findVmsByName("conformance: no VM has this name", bench.call()), [])
    },
  },
]

/** No VM has it. */
export const absentVm = "00000000-0000-4000-8000-00000000dead"
