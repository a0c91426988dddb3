import { afterEach, beforeEach, describe, it } from "vitest"
import { duidLl, isUnicastMac } from "@slash64/core"
import type { Store } from "@slash64/core"
import { StoreBench, claim, network, otherNetwork, router, vm } from "./store-bench.ts"
import type { StoreSuiteOptions } from "./store-bench.ts"

export function describeNics(options: StoreSuiteOptions): void {
  describe("NICs", () => {
    let bench: StoreBench
    let store: Store

    beforeEach(async () => {
      bench = new StoreBench(options)
      store = await bench.open()
      await store.createNetwork(network())
    })
    afterEach(() => bench.close())

    it("makes a NIC with MAC, DUID and an address of each family", async ({ expect }) => {
      const nic = await store.claimNic(claim(network(), "nic-1"))
      expect(nic).toMatchObject({
        id: "nic-1",
        networkId: "lab",
        host: "h1",
        vmId: vm(1),
        hostname: "nic-1",
        state: "claimed",
      })
      expect(nic.duid).toBe(duidLl(nic.mac))
      expect(isUnicastMac(nic.mac)).toBe(true)
      expect(nic.ipv6).toMatch(/^2001:db8::/)
      expect(nic.ipv4).toMatch(/^192\.0\.2\./)
      const other = await bench.open()
      expect(await other.findNic("nic-1")).toEqual(nic)
      expect(await other.findNic("nic-2")).toBeUndefined()
    })

    it("gives what was asked", async ({ expect }) => {
      const asked = {
        mac: "02:00:00:00:00:01",
        requestedIpv6: "2001:db8::77",
        requestedIpv4: "192.0.2.77",
        hostname: "web",
      }
      const nic = await store.claimNic(claim(network(), "nic-1", { ...asked, isDefault: false }))
      expect(nic).toMatchObject({
        mac: asked.mac,
        ipv6: "2001:db8::77",
        ipv4: "192.0.2.77",
        hostname: "web",
        isDefault: false,
      })
    })

    it("gives only the families that the network has", async ({ expect }) => {
      await store.createNetwork(otherNetwork())
      const nic = await store.claimNic(claim(otherNetwork(), "nic-1"))
      expect(nic.ipv4).toBeUndefined()
      expect(await store.findNic("nic-1")).toEqual(nic)
    })

    it("gives the same NIC when it is claimed again, whatever its state but leaving", async ({ expect }) => {
      const asked = claim(network(), "nic-1", { mac: "02:00:00:00:00:01", requestedIpv6: "2001:db8::77" })
      const nic = await store.claimNic(asked)
      expect(await store.claimNic(asked)).toEqual(nic)
      expect(await store.claimNic(claim(network(), "nic-1"))).toEqual(nic)
      const attached = await store.markNic("nic-1", "attached")
      expect(attached).toEqual({ ...nic, state: "attached" })
      expect(await store.claimNic(asked)).toEqual(attached)
      await store.markNic("nic-1", "leaving")
      await expect(store.claimNic(asked)).rejects.toMatchObject({ code: "FAILED_PRECONDITION" })
    })

    it.for([
      ["networkId", claim(otherNetwork(), "nic-1")],
      ["vmId", claim(network(), "nic-1", { vmId: vm(2) })],
      ["host", claim(network(), "nic-1", { host: "h2" })],
      ["mac", claim(network(), "nic-1", { mac: "02:00:00:00:00:02" })],
      ["requestedIpv6", claim(network(), "nic-1", { requestedIpv6: "2001:db8::78" })],
      ["requestedIpv4", claim(network(), "nic-1", { requestedIpv4: "192.0.2.78" })],
    ] as const)("refuses the same id with another %s", async ([field, changed], { expect }) => {
      await store.createNetwork(otherNetwork())
      const nic = await store.claimNic(
        claim(network(), "nic-1", { requestedIpv6: "2001:db8::77", requestedIpv4: "192.0.2.77" }),
      )
      await expect(store.claimNic(changed)).rejects.toMatchObject({ code: "ALREADY_EXISTS", field })
      expect(await store.listNics()).toEqual([nic])
    })

    it.for([
      ["mac", { mac: "02:00:00:00:00:01" }],
      ["requestedIpv6", { requestedIpv6: "2001:db8::77" }],
      ["requestedIpv4", { requestedIpv4: "192.0.2.77" }],
      ["hostname", { hostname: "web" }],
    ] as const)("refuses a %s that another NIC has, and claims nothing of it", async ([field, asked], { expect }) => {
      const nic = await store.claimNic(claim(network(), "nic-1", asked))
      const counts = await store.countAddresses("lab")
      await expect(store.claimNic(claim(network(), "nic-2", asked))).rejects.toMatchObject({
        code: "ALREADY_EXISTS",
        field,
      })
      expect(await store.listNics()).toEqual([nic])
      expect(await store.countAddresses("lab")).toEqual(counts)
    })

    it("keeps a MAC to one NIC or router over all networks", async ({ expect }) => {
      await store.createNetwork(otherNetwork())
      await store.createRouter(router())
      await store.claimNic(claim(network(), "nic-1", { mac: "02:00:00:00:00:01" }))
      for (const mac of ["02:00:00:00:00:01", router().guestMac, router().controlMac])
        await expect(store.claimNic(claim(otherNetwork(), "nic-2", { mac }))).rejects.toMatchObject({
          code: "ALREADY_EXISTS",
          field: "mac",
        })
    })

    it("gives another MAC to a NIC whose own was taken", async ({ expect }) => {
      const { mac } = await store.claimNic(claim(network(), "nic-2"))
      await store.markNic("nic-2", "leaving")
      await store.freeNic("nic-2")
      await store.claimNic(claim(network(), "nic-1", { mac }))
      const nic = await store.claimNic(claim(network(), "nic-2"))
      expect(nic.mac).not.toBe(mac)
    })

    it("allows the same host name in two networks", async ({ expect }) => {
      await store.createNetwork(otherNetwork())
      await store.claimNic(claim(network(), "nic-1", { hostname: "web" }))
      expect(await store.claimNic(claim(otherNetwork(), "nic-2", { hostname: "web" }))).toMatchObject({
        hostname: "web",
      })
    })

    it("keeps a host name to one NIC of the network, whether it was given or is the NIC's id", async ({ expect }) => {
      await store.createNetwork(otherNetwork())
      const taken = { code: "ALREADY_EXISTS", field: "hostname" }
      await store.claimNic(claim(network(), "nic-1"))
      await expect(store.claimNic(claim(network(), "nic-2", { hostname: "nic-1" }))).rejects.toMatchObject(taken)
      await store.claimNic(claim(network(), "nic-3", { hostname: "nic-4" }))
      await expect(store.claimNic(claim(network(), "nic-4"))).rejects.toMatchObject(taken)
      await expect(store.claimNic(claim(network(), "nic-5", { hostname: "nic-4" }))).rejects.toMatchObject(taken)
      expect(await store.claimNic(claim(otherNetwork(), "nic-6", { hostname: "nic-1" }))).toMatchObject({
        hostname: "nic-1",
      })
      expect(await store.claimNic(claim(otherNetwork(), "nic-4"))).toMatchObject({ hostname: "nic-4" })
    })

    it("makes another NIC its VM's default, and no more than one, for other VMs too", async ({ expect }) => {
      await store.createNetwork(otherNetwork())
      const one = await store.claimNic(claim(network(), "nic-1"))
      const two = await store.claimNic(claim(otherNetwork(), "nic-2", { vmId: vm(1) }))
      const stranger = await store.claimNic(claim(network(), "nic-3"))
      const before = [await store.readNetwork("lab"), await store.readNetwork("lan")].map((read) => read?.revision ?? 0)
      expect(await store.makeDefaultNic("nic-2")).toEqual({ ...two, isDefault: true })
      expect(await store.makeDefaultNic("nic-2")).toEqual({ ...two, isDefault: true })
      expect(await store.listNics()).toEqual([{ ...one, isDefault: false }, { ...two, isDefault: true }, stranger])
      const after = [await store.readNetwork("lab"), await store.readNetwork("lan")].map((read) => read?.revision ?? 0)
      expect(after.map((revision, index) => revision > (before[index] ?? 0))).toEqual([true, true])
      await Promise.all(["nic-1", "nic-2", "nic-1"].map((id) => store.makeDefaultNic(id)))
      expect((await store.listNics({ vmId: vm(1) })).filter((nic) => nic.isDefault)).toHaveLength(1)
      await expect(store.makeDefaultNic("nic-9")).rejects.toMatchObject({ code: "NOT_FOUND" })
      await store.markNic("nic-1", "leaving")
      await expect(store.makeDefaultNic("nic-1")).rejects.toMatchObject({ code: "FAILED_PRECONDITION" })
    })

    it("makes the first NIC of a VM its default, and no second", async ({ expect }) => {
      await store.createNetwork(otherNetwork())
      const vmId = vm(1)
      expect(await store.claimNic(claim(network(), "nic-1", { vmId }))).toMatchObject({ isDefault: true })
      expect(await store.claimNic(claim(otherNetwork(), "nic-2", { vmId }))).toMatchObject({ isDefault: false })
      await expect(store.claimNic(claim(network(), "nic-3", { vmId, isDefault: true }))).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
        field: "isDefault",
      })
    })

    it("refuses a network that is not there", async ({ expect }) => {
      await expect(store.claimNic(claim(otherNetwork(), "nic-1"))).rejects.toMatchObject({
        code: "NOT_FOUND",
        field: "networkId",
      })
      await expect(store.countAddresses("lan")).rejects.toMatchObject({ code: "NOT_FOUND", field: "networkId" })
    })

    it("refuses a requested address that the network never hands out, though the claim was planned for another", async ({
      expect,
    }) => {
      const asked = { ...claim(otherNetwork(), "nic-1", { requestedIpv6: "2001:db8:1::77" }), networkId: "lab" }
      await expect(store.claimNic(asked)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field: "requestedIpv6" })
    })

    it("moves a NIC forward only", async ({ expect }) => {
      await expect(store.markNic("nic-1", "attached")).rejects.toMatchObject({ code: "NOT_FOUND", field: "nicId" })
      await store.claimNic(claim(network(), "nic-1"))
      expect(await store.markNic("nic-1", "attached")).toMatchObject({ state: "attached" })
      expect(await store.markNic("nic-1", "attached")).toMatchObject({ state: "attached" })
      await expect(store.freeNic("nic-1")).rejects.toMatchObject({ code: "FAILED_PRECONDITION", field: "nicId" })
      expect(await store.markNic("nic-1", "leaving")).toMatchObject({ state: "leaving" })
      expect(await store.markNic("nic-1", "leaving")).toMatchObject({ state: "leaving" })
      await expect(store.markNic("nic-1", "attached")).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
        field: "nicId",
      })
      await store.freeNic("nic-1")
      await store.freeNic("nic-1")
      expect(await store.findNic("nic-1")).toBeUndefined()
    })

    it("lists NICs page by page in the order of their ids, through changes between two pages", async ({ expect }) => {
      await store.createNetwork(otherNetwork())
      const [one, two] = [vm(1), vm(2)]
      for (const [index, id] of ["e", "b", "d", "a", "c"].entries())
        await store.claimNic(claim(index % 2 === 0 ? network() : otherNetwork(), id, { vmId: id < "c" ? one : two }))
      const ids = async (filter: object) => (await store.listNics(filter)).map(({ id }) => id)
      expect(await ids({ limit: 2 })).toEqual(["a", "b"])
      await store.markNic("b", "leaving")
      await store.freeNic("b")
      expect(await ids({ limit: 2, after: "b" })).toEqual(["c", "d"])
      expect(await ids({ limit: 2, after: "d" })).toEqual(["e"])
      expect(await ids({ limit: 2, after: "e" })).toEqual([])
      expect(await ids({ networkId: "lab", limit: 2 })).toEqual(["c", "d"])
      expect(await ids({ networkId: "lab", limit: 2, after: "d" })).toEqual(["e"])
      expect(await ids({ networkId: "lab", after: "c" })).toEqual(["d", "e"])
      expect(await ids({ vmId: two, limit: 1, after: "c" })).toEqual(["d"])
      expect(await ids({ vmId: two, networkId: "lan", after: "a" })).toEqual([])
    })

    it.for([
      ["limit", { limit: 0 }],
      ["limit", { limit: 100_001 }],
      ["limit", { limit: 1.5 }],
      ["after", { after: "" }],
      ["after", { after: "b%" }],
    ] as const)("refuses a page with a wrong %s: %j", async ([field, filter], { expect }) => {
      await expect(store.listNics(filter)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field })
      await expect(store.listNetworks(filter)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field })
    })

    it("lists NICs by network and by VM, those that are leaving too", async ({ expect }) => {
      await store.createNetwork(otherNetwork())
      const vmId = vm(1)
      await store.claimNic(claim(network(), "nic-1", { vmId }))
      await store.claimNic(claim(network(), "nic-2"))
      await store.claimNic(claim(otherNetwork(), "nic-3", { vmId }))
      await store.markNic("nic-3", "leaving")
      const ids = async (filter?: object) => (await store.listNics(filter)).map(({ id }) => id)
      expect(await ids()).toEqual(["nic-1", "nic-2", "nic-3"])
      expect(await ids({ networkId: "lab" })).toEqual(["nic-1", "nic-2"])
      expect(await ids({ vmId })).toEqual(["nic-1", "nic-3"])
      expect(await ids({ vmId, networkId: "lan" })).toEqual(["nic-3"])
      expect(await ids({ networkId: "none" })).toEqual([])
    })
  })
}
