import assert from "node:assert/strict"
import { none, only, rejects, sameJson } from "../expect.ts"
import type { Check } from "../bench.ts"
import { badIds } from "./bad-ids.ts"
import { powered } from "./powered.ts"
import { absentVm } from "./host-checks.ts"

export const nicChecks: readonly Check[] = [
  ...powered("attachNic: once, and the list has it as the spec says", async (bench, vmId, power) => {
    const nic = bench.nicSpec((await bench.network()).id, vmId)
    const made = await bench.host.attachNic(nic, bench.call())
    const vm = await bench.host.findVm(vmId, bench.call())
    const { id, networkId, mac } = nic
    const port = made.port === undefined ? {} : { port: made.port }
    sameJson(made, {
      id,
      vmId,
      networkId,
      mac,
      live: power === "running" && bench.capabilities.liveAttach,
      persistent: vm?.persistent,
      ...port,
    })
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
  ...powered(
    "attachNic: the MAC of another NIC of the VM is ALREADY_EXISTS, and plugs nothing",
    async (bench, vmId) => {
      const network = await bench.network()
      const there = bench.nicSpec(network.id, vmId)
      await bench.host.attachNic(there, bench.call())
      const twin = { ...bench.nicSpec(network.id, vmId), mac: there.mac }
      await rejects("ALREADY_EXISTS", bench.host.attachNic(twin, bench.call()))
      none(await bench.host.listNics(bench.call()), twin.id)
    },
  ),
  {
    name: "attachNic: a bad id, UUID or MAC is INVALID_ARGUMENT, and plugs nothing",
    async run(bench) {
      const nic = bench.nicSpec((await bench.network()).id, bench.vm("halted"))
      const before = await bench.others()
      const wrong = [
        ...badIds.map((id) => ({ id })),
        { vmId: "web1" },
        { mac: "02:00:5E:10:00:01" },
        { mac: "00:00:00:00:00:00" },
        { mac: "02:00:5e:10:00" },
      ]
      for (const one of wrong) await rejects("INVALID_ARGUMENT", bench.host.attachNic({ ...nic, ...one }, bench.call()))
      none(await bench.host.listNics(bench.call()), nic.id)
      sameJson(await bench.others(), before)
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
  ...powered("detachNic: in parallel, and it is gone", async (bench, vmId) => {
    const nic = bench.nicSpec((await bench.network()).id, vmId)
    await bench.host.attachNic(nic, bench.call())
    await Promise.all([1, 2, 3].map(() => bench.host.detachNic(nic, bench.call())))
    none(await bench.host.listNics(bench.call()), nic.id)
  }),
  ...powered("detachNic: frees the network", async (bench, vmId) => {
    const network = await bench.network()
    const nic = bench.nicSpec(network.id, vmId)
    await bench.host.attachNic(nic, bench.call())
    await bench.host.detachNic(nic, bench.call())
    await bench.host.removeNetwork(network.id, bench.call())
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
    name: "detachNic: of another VM leaves the NIC alone",
    async run(bench) {
      const nic = bench.nicSpec((await bench.network()).id, bench.vm("halted"))
      const made = await bench.host.attachNic(nic, bench.call())
      await bench.host.detachNic({ id: nic.id, vmId: bench.vm("running") }, bench.call())
      sameJson(only(await bench.host.listNics(bench.call()), nic.id), made)
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
]
