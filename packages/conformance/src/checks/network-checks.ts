import assert from "node:assert/strict"
import { none, only, rejects, sameJson } from "../expect.ts"
import type { Check } from "../bench.ts"
import { badIds } from "./bad-ids.ts"

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
    name: "ensureNetwork: the same id on something else is ALREADY_EXISTS, and nothing changed",
    async run(bench) {
      const spec = await bench.network()
      const before = only(await bench.host.listNetworks(bench.call()), spec.id)
      const isIsolated = spec.attachment.kind === "isolated"
      const attachment = isIsolated
        ? ({ kind: "bridge", bridge: before.bridge } as const)
        : { kind: "isolated" as const }
      if (!bench.capabilities.attachments.includes(attachment.kind))
        return bench.leaveOut("the host makes one kind only")
      await rejects("ALREADY_EXISTS", bench.host.ensureNetwork({ ...spec, attachment }, bench.call()))
      sameJson(only(await bench.host.listNetworks(bench.call()), spec.id), before)
    },
  },
  {
    name: "ensureNetwork: two networks at once are two",
    async run(bench) {
      const specs = [bench.networkSpec({ kind: "isolated" }), bench.networkSpec({ kind: "isolated" })]
      const made = await Promise.all(specs.map((spec) => bench.host.ensureNetwork(spec, bench.call())))
      assert.equal(new Set(made.map(({ bridge }) => bridge)).size, 2)
      const list = await bench.host.listNetworks(bench.call())
      for (const [index, { id }] of specs.entries()) sameJson(only(list, id), made[index])
    },
  },
  {
    name: "ensureNetwork: a bad id is INVALID_ARGUMENT, and makes nothing",
    async run(bench) {
      const before = await bench.others()
      for (const id of badIds)
        await rejects("INVALID_ARGUMENT", bench.host.ensureNetwork({ ...bench.networkSpec(), id }, bench.call()))
      sameJson(await bench.others(), before)
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
    name: "ensureNetwork: an MTU outside 1280 to 9216 is INVALID_ARGUMENT that names the field",
    async run(bench) {
      for (const mtu of [1279, 9217, 1500.5]) {
        const asked = bench.host.ensureNetwork({ ...bench.networkSpec(), mtu }, bench.call())
        assert.match((await rejects("INVALID_ARGUMENT", asked)).field ?? "", /mtu/)
      }
    },
  },
  {
    name: "ensureNetwork: VLAN 0 and 4095 are INVALID_ARGUMENT",
    async run(bench) {
      for (const vlan of [0, 4095]) {
        const spec = { ...bench.networkSpec(), attachment: { kind: "vlan", uplink: "conformance0", vlan } as const }
        const code = bench.capabilities.attachments.includes("vlan") ? "INVALID_ARGUMENT" : "UNIMPLEMENTED"
        await rejects(code, bench.host.ensureNetwork(spec, bench.call()))
      }
    },
  },
  {
    name: "ensureNetwork: a bridge that is not there is NOT_FOUND",
    async run(bench) {
      const attachment = { kind: "bridge", bridge: "conf-absent0" } as const
      const code = bench.capabilities.attachments.includes("bridge") ? "NOT_FOUND" : "UNIMPLEMENTED"
      await rejects(code, bench.host.ensureNetwork({ ...bench.networkSpec(), attachment }, bench.call()))
    },
  },
  {
    name: "ensureNetwork: a device's name that is none is INVALID_ARGUMENT",
    async run(bench) {
      const code = bench.capabilities.attachments.includes("bridge") ? "INVALID_ARGUMENT" : "UNIMPLEMENTED"
      for (const bridge of ["", "..", "a/b", "a b", "a\nb", "br'><x", "sixteen-letters-"]) {
        const attachment = { kind: "bridge", bridge } as const
        await rejects(code, bench.host.ensureNetwork({ ...bench.networkSpec(), attachment }, bench.call()))
      }
    },
  },
  {
    name: "removeNetwork: in parallel, and it is gone",
    async run(bench) {
      const { id } = await bench.network()
      await Promise.all([1, 2, 3].map(() => bench.host.removeNetwork(id, bench.call())))
      none(await bench.host.listNetworks(bench.call()), id)
    },
  },
  {
    name: "removeNetwork: then ensureNetwork makes it again: what it stood on is there as before",
    async run(bench) {
      const spec = bench.networkSpec()
      const made = await bench.host.ensureNetwork(spec, bench.call())
      await bench.host.removeNetwork(spec.id, bench.call())
      sameJson(await bench.host.ensureNetwork(spec, bench.call()), made)
      sameJson(only(await bench.host.listNetworks(bench.call()), spec.id), made)
    },
  },
  {
    name: "removeNetwork: leaves the others alone",
    async run(bench) {
      const [gone, kept] = [await bench.network(), await bench.network({ kind: "isolated" })]
      const before = only(await bench.host.listNetworks(bench.call()), kept.id)
      await bench.host.removeNetwork(gone.id, bench.call())
      sameJson(only(await bench.host.listNetworks(bench.call()), kept.id), before)
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
