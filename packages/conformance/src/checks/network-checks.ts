import assert from "node:assert/strict"
import { none, only, rejects, sameJson } from "../expect.ts"
import type { Check } from "../bench.ts"

export const networkChecks: readonly Check[] = [
  {
    name: "ensureNetwork: once, and the list has it as the spec says",
    async run(bench) {
      const spec = bench.networkSpec()
      const made = await bench.host.ensureNetwork(spec, bench.call())
      assert.ok(made.bridge.length > 0)
      sameJson(made, { ...spec, bridge: made.bridge })
      sameJson(only(await bench.host.listNetworks(bench.call()), spec.id), made)
    },
  },
  {
    name: "ensureNetwork: twice gives the same network",
    async run(bench) {
      const spec = bench.networkSpec()
      const made = await bench.host.ensureNetwork(spec, bench.call())
      sameJson(await bench.host.ensureNetwork(spec, bench.call()), made)
      sameJson(only(await bench.host.listNetworks(bench.call()), spec.id), made)
    },
  },
  {
    name: "ensureNetwork: in parallel gives one network",
    async run(bench) {
      const spec = bench.networkSpec()
      const [made, ...others] = await Promise.all([1, 2, 3, 4].map(() => bench.host.ensureNetwork(spec, bench.call())))
      for (const other of others) sameJson(other, made)
      only(await bench.host.listNetworks(bench.call()), spec.id)
    },
  },
  {
    name: "ensureNetwork: the same id with another spec is ALREADY_EXISTS, and nothing changed",
    async run(bench) {
      const spec = await bench.network()
      const before = only(await bench.host.listNetworks(bench.call()), spec.id)
      await rejects("ALREADY_EXISTS", bench.host.ensureNetwork({ ...spec, mtu: 1400 }, bench.call()))
      sameJson(only(await bench.host.listNetworks(bench.call()), spec.id), before)
    },
  },
  {
    name: "ensureNetwork: aborted before it starts is CANCELLED, and makes nothing",
    async run(bench) {
      const spec = bench.networkSpec()
      await rejects("CANCELLED", bench.host.ensureNetwork(spec, bench.call(AbortSignal.abort())))
      none(await bench.host.listNetworks(bench.call()), spec.id)
    },
  },
  {
    name: "ensureNetwork: a required ability that no adapter knows is UNIMPLEMENTED",
    async run(bench) {
      const spec = { ...bench.networkSpec(), requires: ["conformance-unknown"] }
      await rejects("UNIMPLEMENTED", bench.host.ensureNetwork(spec, bench.call()))
      none(await bench.host.listNetworks(bench.call()), spec.id)
    },
  },
  {
    name: "ensureNetwork: an MTU below 1280 is INVALID_ARGUMENT that names the field",
    async run(bench) {
      const error = await rejects(
        "INVALID_ARGUMENT",
        bench.host.ensureNetwork({ ...bench.networkSpec(), mtu: 1279 }, bench.call()),
      )
      assert.match(error.field ?? "", /mtu/)
    },
  },
  {
    name: "ensureNetwork: VLAN 0 and 4095 are INVALID_ARGUMENT",
    async run(bench) {
      for (const vlan of [0, 4095]) {
        const spec = { ...bench.networkSpec(), attachment: { kind: "vlan", uplink: "conformance0", vlan } as const }
        const { capabilities } = await bench.host.describeHost(bench.call())
        const code = capabilities.attachments.includes("vlan") ? "INVALID_ARGUMENT" : "UNIMPLEMENTED"
        await rejects(code, bench.host.ensureNetwork(spec, bench.call()))
      }
    },
  },
  {
    name: "ensureNetwork: a bridge that is not there is NOT_FOUND",
    async run(bench) {
      const { capabilities } = await bench.host.describeHost(bench.call())
      const attachment = { kind: "bridge", bridge: "conf-absent0" } as const
      const code = capabilities.attachments.includes("bridge") ? "NOT_FOUND" : "UNIMPLEMENTED"
      await rejects(code, bench.host.ensureNetwork({ ...bench.networkSpec(), attachment }, bench.call()))
    },
  },
  {
    name: "removeNetwork: once and twice, and it is gone",
    async run(bench) {
      const spec = await bench.network()
      await bench.host.removeNetwork(spec.id, bench.call())
      none(await bench.host.listNetworks(bench.call()), spec.id)
      await bench.host.removeNetwork(spec.id, bench.call())
    },
  },
  {
    name: "removeNetwork: absent is a success",
    async run(bench) {
      await bench.host.removeNetwork(bench.networkSpec().id, bench.call())
    },
  },
  {
    name: "removeNetwork: FAILED_PRECONDITION while a NIC of a halted VM uses it",
    async run(bench) {
      const spec = await bench.network()
      const nic = bench.nicSpec(spec.id, bench.vm("halted"))
      await bench.host.attachNic(nic, bench.call())
      await rejects("FAILED_PRECONDITION", bench.host.removeNetwork(spec.id, bench.call()))
      only(await bench.host.listNetworks(bench.call()), spec.id)
      only(await bench.host.listNics(bench.call()), nic.id)
    },
  },
  {
    name: "removeNetwork: aborted before it starts removes nothing",
    async run(bench) {
      const spec = await bench.network()
      await rejects("CANCELLED", bench.host.removeNetwork(spec.id, bench.call(AbortSignal.abort())))
      only(await bench.host.listNetworks(bench.call()), spec.id)
    },
  },
]
