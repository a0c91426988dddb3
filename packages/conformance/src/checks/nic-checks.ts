import assert from "node:assert/strict"
import { none, only, rejects, sameJson } from "../expect.ts"
import type { Bench, Check } from "../bench.ts"
import { absentVm } from "./host-checks.ts"

type Power = "running" | "halted"

/** Each for a running and for a halted VM. */
function powered(behaviour: string, run: (bench: Bench, vmId: string, power: Power) => Promise<void>): Check[] {
  return (["running", "halted"] as const).map((power) => ({
    name: `${behaviour} (${power} VM)`,
    run: (bench) => run(bench, bench.vm(power), power),
  }))
}

export const nicChecks: readonly Check[] = [
  ...powered("attachNic: once, and the list has it as the spec says", async (bench, vmId, power) => {
    const nic = bench.nicSpec((await bench.network()).id, vmId)
    const made = await bench.host.attachNic(nic, bench.call())
    const vm = await bench.host.findVm(vmId, bench.call())
    const { id, networkId, mac } = nic
    const port = made.port === undefined ? {} : { port: made.port }
    sameJson(made, { id, vmId, networkId, mac, live: power === "running", persistent: vm?.persistent, ...port })
    sameJson(only(await bench.host.listNics(bench.call()), id), made)
  }),
  ...powered("attachNic: twice gives the same port", async (bench, vmId) => {
    const nic = bench.nicSpec((await bench.network()).id, vmId)
    const made = await bench.host.attachNic(nic, bench.call())
    sameJson(await bench.host.attachNic(nic, bench.call()), made)
    only(await bench.host.listNics(bench.call()), nic.id)
  }),
  ...powered("attachNic: in parallel gives one port", async (bench, vmId) => {
    const nic = bench.nicSpec((await bench.network()).id, vmId)
    const [made, ...others] = await Promise.all([1, 2, 3, 4].map(() => bench.host.attachNic(nic, bench.call())))
    for (const other of others) sameJson(other, made)
    only(await bench.host.listNics(bench.call()), nic.id)
  }),
  {
    name: "attachNic: two NICs at once on one VM are two ports",
    async run(bench) {
      const network = await bench.network()
      const nics = [1, 2].map(() => bench.nicSpec(network.id, bench.vm("halted")))
      await Promise.all(nics.map((nic) => bench.host.attachNic(nic, bench.call())))
      const list = await bench.host.listNics(bench.call())
      for (const nic of nics) assert.equal(only(list, nic.id).mac, nic.mac)
    },
  },
  {
    name: "attachNic: the same id with another MAC is ALREADY_EXISTS, and nothing changed",
    async run(bench) {
      const nic = bench.nicSpec((await bench.network()).id, bench.vm("halted"))
      const made = await bench.host.attachNic(nic, bench.call())
      await rejects("ALREADY_EXISTS", bench.host.attachNic({ ...nic, mac: "02:00:5e:10:ff:fe" }, bench.call()))
      sameJson(only(await bench.host.listNics(bench.call()), nic.id), made)
    },
  },
  {
    name: "attachNic: the same id with another network is ALREADY_EXISTS, and nothing changed",
    async run(bench) {
      const nic = bench.nicSpec((await bench.network()).id, bench.vm("halted"))
      const made = await bench.host.attachNic(nic, bench.call())
      const networkId = (await bench.network({ kind: "isolated" })).id
      await rejects("ALREADY_EXISTS", bench.host.attachNic({ ...nic, networkId }, bench.call()))
      sameJson(only(await bench.host.listNics(bench.call()), nic.id), made)
    },
  },
  {
    name: "attachNic: the same id on another VM is ALREADY_EXISTS, and nothing changed",
    async run(bench) {
      const nic = bench.nicSpec((await bench.network()).id, bench.vm("halted"))
      const made = await bench.host.attachNic(nic, bench.call())
      await rejects("ALREADY_EXISTS", bench.host.attachNic({ ...nic, vmId: bench.vm("running") }, bench.call()))
      sameJson(only(await bench.host.listNics(bench.call()), nic.id), made)
    },
  },
  {
    name: "attachNic: an absent VM is NOT_FOUND",
    async run(bench) {
      const nic = bench.nicSpec((await bench.network()).id, absentVm)
      await rejects("NOT_FOUND", bench.host.attachNic(nic, bench.call()))
    },
  },
  {
    name: "attachNic: before ensureNetwork is NOT_FOUND, and plugs nothing",
    async run(bench) {
      const nic = bench.nicSpec(bench.networkSpec().id, bench.vm("halted"))
      await rejects("NOT_FOUND", bench.host.attachNic(nic, bench.call()))
      none(await bench.host.listNics(bench.call()), nic.id)
    },
  },
  {
    name: "attachNic: a multicast MAC is INVALID_ARGUMENT, and plugs nothing",
    async run(bench) {
      const nic = { ...bench.nicSpec((await bench.network()).id, bench.vm("halted")), mac: "01:00:5e:10:00:01" }
      await rejects("INVALID_ARGUMENT", bench.host.attachNic(nic, bench.call()))
      none(await bench.host.listNics(bench.call()), nic.id)
    },
  },
  {
    name: "attachNic: a required ability that no adapter knows is UNIMPLEMENTED, and plugs nothing",
    async run(bench) {
      const nic = bench.nicSpec((await bench.network()).id, bench.vm("halted"))
      const asking = { ...nic, requires: ["conformance-unknown"] }
      await rejects("UNIMPLEMENTED", bench.host.attachNic(asking, bench.call()))
      none(await bench.host.listNics(bench.call()), nic.id)
    },
  },
  {
    name: "attachNic: port security on a host that has none is FAILED_PRECONDITION; on one that has it, a success",
    async run(bench) {
      const nic = bench.nicSpec((await bench.network()).id, bench.vm("halted"))
      const secured = { ...nic, addresses: ["2001:db8::5"], portSecurity: true }
      const { capabilities } = await bench.host.describeHost(bench.call())
      const attached = bench.host.attachNic(secured, bench.call())
      await (capabilities.portSecurity ? attached : rejects("FAILED_PRECONDITION", attached))
    },
  },
  ...powered("attachNic: aborted before it starts plugs nothing", async (bench, vmId) => {
    const nic = bench.nicSpec((await bench.network()).id, vmId)
    await rejects("CANCELLED", bench.host.attachNic(nic, bench.call(AbortSignal.abort())))
    none(await bench.host.listNics(bench.call()), nic.id)
  }),
  ...powered("detachNic: once and twice, and it is gone", async (bench, vmId) => {
    const nic = bench.nicSpec((await bench.network()).id, vmId)
    await bench.host.attachNic(nic, bench.call())
    await bench.host.detachNic(nic, bench.call())
    none(await bench.host.listNics(bench.call()), nic.id)
    await bench.host.detachNic(nic, bench.call())
  }),
  ...powered("detachNic: then attachNic again plugs it again", async (bench, vmId) => {
    const nic = bench.nicSpec((await bench.network()).id, vmId)
    await bench.host.attachNic(nic, bench.call())
    await bench.host.detachNic(nic, bench.call())
    await bench.host.attachNic(nic, bench.call())
    only(await bench.host.listNics(bench.call()), nic.id)
  }),
  {
    name: "detachNic: an absent NIC and an absent VM are a success",
    async run(bench) {
      await bench.host.detachNic({ id: "conformance-absent", vmId: bench.vm("halted") }, bench.call())
      await bench.host.detachNic({ id: "conformance-absent", vmId: absentVm }, bench.call())
    },
  },
  {
    name: "detachNic: leaves the VM's other NICs alone",
    async run(bench) {
      const network = await bench.network()
      const [gone, kept] = [1, 2].map(() => bench.nicSpec(network.id, bench.vm("halted")))
      assert.ok(gone !== undefined && kept !== undefined)
      await bench.host.attachNic(gone, bench.call())
      const before = await bench.host.attachNic(kept, bench.call())
      await bench.host.detachNic(gone, bench.call())
      sameJson(only(await bench.host.listNics(bench.call()), kept.id), before)
    },
  },
  {
    name: "detachNic: aborted before it starts unplugs nothing",
    async run(bench) {
      const nic = bench.nicSpec((await bench.network()).id, bench.vm("halted"))
      await bench.host.attachNic(nic, bench.call())
      await rejects("CANCELLED", bench.host.detachNic(nic, bench.call(AbortSignal.abort())))
      only(await bench.host.listNics(bench.call()), nic.id)
    },
  },
  {
    name: "observeNic: a NIC that nobody sees is undefined",
    async run(bench) {
      const nic = { id: "conformance-absent", vmId: bench.vm("halted") }
      assert.equal(await bench.host.observeNic(nic, bench.call()), undefined)
    },
  },
]
