import { afterEach, beforeEach, describe, it } from "vitest"
import { macForNic } from "@slash64/core"
import type { Router, RouterChange, Store } from "@slash64/core"
import { StoreBench, claim, network, otherNetwork, router } from "./store-bench.ts"
import type { StoreSuiteOptions } from "./store-bench.ts"

const template = {
  digest: `sha256:${"a".repeat(64)}`,
  version: "1",
  file: "/var/lib/a.qcow2",
  format: "qcow2",
  registeredAt: "2026-01-01T00:00:00Z",
} as const

export function describeRecords(options: StoreSuiteOptions): void {
  describe("routers, hosts and templates", () => {
    let bench: StoreBench
    let store: Store

    beforeEach(async () => {
      bench = new StoreBench(options)
      store = await bench.open()
      await store.createNetwork(network())
    })
    afterEach(() => bench.close())

    it("keeps one router a network", async ({ expect }) => {
      const made = router({ controlAddress: "192.0.2.9/24" })
      expect(await store.createRouter(made)).toEqual(made)
      const other = await bench.open()
      expect(await other.findRouter("lab")).toEqual(made)
      expect(await other.listRouters()).toEqual([made])
      expect(await other.findRouter("lan")).toBeUndefined()
      const second = router({ id: "router-2", guestMac: macForNic("a"), controlMac: macForNic("b") })
      await expect(store.createRouter(second)).rejects.toMatchObject({ code: "ALREADY_EXISTS", field: "networkId" })
    })

    it("gives the stored router when it is created again, its template too", async ({ expect }) => {
      await store.createRouter(router())
      const running = await store.markRouter("router-1", "running")
      expect(running).toEqual(router({ state: "running" }))
      expect(await store.createRouter(router({ templateDigest: `sha256:${"b".repeat(64)}` }))).toEqual(running)
      await store.markRouter("router-1", "leaving")
      await expect(store.createRouter(router())).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
        field: "routerId",
      })
    })

    it.for([
      ["networkId", { networkId: "lan" }],
      ["host", { host: "h2" }],
      ["guestMac", { guestMac: macForNic("a") }],
      ["controlMac", { controlMac: macForNic("a") }],
      ["controlAddress", { controlAddress: "192.0.2.9/24" }],
      ["hostKey", { hostKey: "ssh-ed25519 BBBB" }],
    ] as const)("refuses the same router with another %s", async ([field, change], { expect }) => {
      await store.createNetwork(otherNetwork())
      await store.createRouter(router())
      await expect(store.createRouter(router(change))).rejects.toMatchObject({ code: "ALREADY_EXISTS", field })
      expect(await store.listRouters()).toEqual([router()])
    })

    it("refuses a router with the MAC of a NIC, or on no network", async ({ expect }) => {
      await store.claimNic(claim(network(), "nic-1", { mac: router().controlMac }))
      await expect(store.createRouter(router())).rejects.toMatchObject({ code: "ALREADY_EXISTS", field: "controlMac" })
      await expect(store.createRouter(router({ networkId: "lan" }))).rejects.toMatchObject({
        code: "NOT_FOUND",
        field: "networkId",
      })
    })

    it("moves a router forward only, and forgets it", async ({ expect }) => {
      await expect(store.markRouter("router-1", "running")).rejects.toMatchObject({
        code: "NOT_FOUND",
        field: "routerId",
      })
      await store.createRouter(router())
      await store.markRouter("router-1", "leaving")
      await expect(store.markRouter("router-1", "running")).rejects.toMatchObject({ code: "FAILED_PRECONDITION" })
      await store.removeRouter("router-1")
      await store.removeRouter("router-1")
      expect(await store.findRouter("lab")).toBeUndefined()
      expect(await store.createRouter(router())).toEqual(router())
    })

    it("changes a router's VM step by step, raises no revision by it, and keeps it", async ({ expect }) => {
      const vm = { vmId: "vm-2", host: "h2", templateDigest: `sha256:${"b".repeat(64)}`, templateVersion: "2" }
      await expect(store.changeRouter("router-1", { kind: "plan-replacement", vm })).rejects.toMatchObject({
        code: "NOT_FOUND",
        field: "routerId",
      })
      await store.createRouter(router({ controlAddress: "192.0.2.9/24" }))
      const { revision } = (await store.readNetwork("lab")) ?? {}
      const stepTo = async (change: RouterChange, expected: Partial<Router>) => {
        const changed = await store.changeRouter("router-1", change)
        expect(changed).toEqual(router(expected))
        expect(await store.changeRouter("router-1", change)).toEqual(changed)
        expect(await store.findRouter("lab")).toEqual(changed)
      }
      const fixed = { controlAddress: "192.0.2.9/24" }
      await stepTo({ kind: "plan-replacement", vm }, { ...fixed, replacement: vm })
      const other = { ...vm, vmId: "vm-3" }
      const half = { vmId: "vm-2", host: "h2" }
      await stepTo({ kind: "plan-replacement", vm: other }, { ...fixed, replacement: other, former: [half] })
      await expect(store.changeRouter("router-1", { kind: "take-replacement", vmId: "vm-2" })).rejects.toMatchObject({
        code: "ABORTED",
      })
      const was = { vmId: "router-1", host: "h1" }
      await stepTo({ kind: "take-replacement", vmId: "vm-3" }, { ...other, former: [half, was] })
      await stepTo({ kind: "lose-vm", vmId: "router-1" }, { ...other, former: [half, { ...was, lost: true }] })
      await stepTo({ kind: "forget-vm", vmId: "vm-2" }, { ...other, former: [{ ...was, lost: true }] })
      await stepTo({ kind: "forget-vm", vmId: "router-1" }, other)
      expect((await store.readNetwork("lab"))?.revision).toBe(revision)
      await store.markRouter("router-1", "leaving")
      await expect(store.changeRouter("router-1", { kind: "plan-replacement", vm })).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
      })
    })

    it("keeps hosts, and changes one only while nothing stands on it", async ({ expect }) => {
      const host = { name: "h1", plugin: "kvm", config: { uri: "qemu:///system", deep: { list: [1, null, "a"] } } }
      const changed = { ...host, config: { uri: "qemu+ssh://h1/system" } }
      expect(await store.putHost(host)).toEqual(host)
      expect(await store.putHost(host)).toEqual(host)
      expect(await store.findHost("h1")).toEqual(host)
      expect(await store.findHost("h2")).toBeUndefined()
      expect(await store.putHost(changed)).toEqual(changed)
      await store.claimNic(claim(network(), "nic-1"))
      expect(await store.putHost(changed)).toEqual(changed)
      await expect(store.putHost(host)).rejects.toMatchObject({ code: "FAILED_PRECONDITION", field: "host" })
      expect(await store.listHosts()).toEqual([changed])
    })

    it("keeps the configuration of a host that a router is on", async ({ expect }) => {
      await store.putHost({ name: "h1", plugin: "kvm", config: {} })
      await store.createRouter(router())
      await expect(store.putHost({ name: "h1", plugin: "xenserver", config: {} })).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
      })
    })

    it("keeps templates by digest, and the newest path of each", async ({ expect }) => {
      expect(await store.putTemplate(template)).toEqual(template)
      const moved = { ...template, file: "/srv/a.qcow2" }
      expect(await store.putTemplate(moved)).toEqual(moved)
      const second = { ...template, digest: `sha256:${"b".repeat(64)}` }
      await store.putTemplate(second)
      expect(await store.listTemplates()).toEqual([moved, second])
    })

    it("forgets a host that nothing is on, once more too, and no other", async ({ expect }) => {
      await store.putHost({ name: "h1", plugin: "kvm", config: {} })
      const stays = { code: "FAILED_PRECONDITION", field: "host" }
      await store.createRouter(router())
      await expect(store.removeHost("h1")).rejects.toMatchObject(stays)
      await store.removeRouter("router-1")
      await store.claimNic(claim(network(), "nic-1"))
      await expect(store.removeHost("h1")).rejects.toMatchObject(stays)
      await store.markNic("nic-1", "leaving")
      await store.freeNic("nic-1")
      await store.noteNetworkOnHost("lab", "h1")
      await expect(store.removeHost("h1")).rejects.toMatchObject(stays)
      expect(await store.findHost("h1")).toBeDefined()
      await store.removeNetwork("lab")
      for (const _ of [1, 2]) await store.removeHost("h1")
      expect(await store.listHosts()).toEqual([])
    })

    it("forgets a template that no router is of, once more too, and no other", async ({ expect }) => {
      const { templateDigest: digest } = await store.createRouter(router())
      await store.putTemplate({ ...template, digest })
      await expect(store.removeTemplate(digest)).rejects.toMatchObject({ code: "FAILED_PRECONDITION", field: "digest" })
      expect(await store.listTemplates()).toHaveLength(1)
      await store.removeRouter("router-1")
      for (const _ of [1, 2]) await store.removeTemplate(digest)
      expect(await store.listTemplates()).toEqual([])
    })

    it("closes twice, and answers nothing more", async ({ expect }) => {
      const other = await bench.open()
      await other.close()
      await other.close()
      await expect(other.listNetworks()).rejects.toMatchObject({ code: "FAILED_PRECONDITION", field: "store" })
    })
  })
}
