import { afterEach, beforeEach, describe, it } from "vitest"
import type { Store } from "@slash64/core"
import { StoreBench, claim, network, otherNetwork, router } from "./store-bench.ts"
import type { StoreSuiteOptions } from "./store-bench.ts"

export function describeNetworks(options: StoreSuiteOptions): void {
  describe("networks", () => {
    let bench: StoreBench
    let store: Store

    beforeEach(async () => {
      bench = new StoreBench(options)
      store = await bench.open()
    })
    afterEach(() => bench.close())

    const names = async (page?: object) => (await store.listNetworks(page)).map(({ name }) => name)

    it("gives a network back, by id and by name, here and in another handle", async ({ expect }) => {
      const made = network({ id: "n-1", domain: "lab.example" })
      expect(await store.createNetwork(made)).toEqual(made)
      const other = await bench.open()
      expect(await other.findNetwork("n-1")).toEqual(made)
      expect(await other.findNetwork("lab")).toEqual(made)
      expect(await other.findNetwork("lan")).toBeUndefined()
      expect(await other.listNetworks()).toEqual([made])
    })

    it("knows on which hosts a network may be until it is removed", async ({ expect }) => {
      await store.createNetwork(network())
      await store.createNetwork(otherNetwork())
      expect(await store.listHostsOfNetwork("lab")).toEqual([])
      for (const host of ["h2", "h1", "h2"]) await store.noteNetworkOnHost("lab", host)
      const other = await bench.open()
      await other.noteNetworkOnHost("lan", "h3")
      expect(await other.listHostsOfNetwork("lab")).toEqual(["h1", "h2"])
      expect(await store.listHostsOfNetwork("lan")).toEqual(["h3"])
      await store.removeNetwork("lab")
      expect(await other.listHostsOfNetwork("lab")).toEqual([])
      await expect(store.noteNetworkOnHost("lab", "h1")).rejects.toMatchObject({ code: "NOT_FOUND" })
      await store.createNetwork(network())
      expect(await store.listHostsOfNetwork("lab")).toEqual([])
      expect(await store.listHostsOfNetwork("lan")).toEqual(["h3"])
    })

    it("notes a network on many hosts at once, each once", async ({ expect }) => {
      await store.createNetwork(network())
      const other = await bench.open()
      const hosts = ["h1", "h2", "h3", "h1", "h2", "h3"]
      await Promise.all(hosts.map((name, index) => (index % 2 === 0 ? store : other).noteNetworkOnHost("lab", name)))
      expect(await store.listHostsOfNetwork("lab")).toEqual(["h1", "h2", "h3"])
    })

    it("lists networks page by page in the order of their names", async ({ expect }) => {
      for (const [index, name] of ["c", "a", "b"].entries()) {
        const prefix = `2001:db8:${index + 1}::/64`
        const gateway = prefix.replace("/64", "1")
        await store.createNetwork(network({ id: `n-${index}`, name, ipv6: { prefix, gateway }, ipv4: undefined }))
      }
      expect(await names()).toEqual(["a", "b", "c"])
      expect(await names({ limit: 2 })).toEqual(["a", "b"])
      expect(await names({ limit: 2, after: "b" })).toEqual(["c"])
      expect(await names({ after: "c" })).toEqual([])
    })

    it("takes the same network again", async ({ expect }) => {
      await store.createNetwork(network())
      expect(await store.createNetwork(network())).toEqual(network())
      expect(await store.listNetworks()).toHaveLength(1)
    })

    it.for([
      ["mtu", network({ mtu: 9000 })],
      ["domain", network({ domain: "lab.example" })],
      ["ipv4", network({ ipv4: undefined })],
      ["ipv6", network({ ipv6: { prefix: "2001:db8:1::/64", gateway: "2001:db8:1::1" } })],
      ["name", network({ id: "lab", name: "lan" })],
    ] as const)("refuses the same id with another %s", async ([field, changed], { expect }) => {
      await store.createNetwork(network())
      await expect(store.createNetwork(changed)).rejects.toMatchObject({ code: "ALREADY_EXISTS", field })
      expect(await store.listNetworks()).toEqual([network()])
    })

    const vlan = { kind: "vlan", uplink: "eth0", vlan: 7 }
    it.for([
      ["name", network(), otherNetwork({ id: "n-2", name: "lab" })],
      ["name", network({ id: "n-1" }), otherNetwork({ id: "n-2", name: "n-1" })],
      ["id", network({ id: "n-1" }), otherNetwork({ id: "lab" })],
      ["ipv6.prefix", network(), otherNetwork({ ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::2" } })],
      ["ipv4.prefix", network(), otherNetwork({ ipv4: { prefix: "192.0.2.128/25", gateway: "192.0.2.129" } })],
      ["ipv4.prefix", network(), otherNetwork({ ipv4: { prefix: "192.0.0.0/16", gateway: "192.0.0.1" } })],
      ["attachment", network({ attachment: vlan }), otherNetwork({ attachment: vlan })],
    ] as const)("refuses a network whose %s is in another's way", async ([field, first, second], { expect }) => {
      await store.createNetwork(first)
      await expect(store.createNetwork(second)).rejects.toMatchObject({ code: "ALREADY_EXISTS", field })
      expect(await store.listNetworks()).toEqual([first])
    })

    it("takes networks that are in nobody's way", async ({ expect }) => {
      await store.createNetwork(network({ attachment: vlan }))
      await store.createNetwork(otherNetwork({ attachment: { ...vlan, vlan: 8 } }))
      await store.createNetwork(
        network({ name: "v4", ipv6: undefined, ipv4: { prefix: "192.0.3.0/24", gateway: "192.0.3.1" } }),
      )
      expect((await store.listNetworks()).map(({ name }) => name)).toEqual(["lab", "lan", "v4"])
    })

    it("lets one of two that come at once have the prefix", async ({ expect }) => {
      const [one, two] = [await bench.open(), await bench.open()]
      const results = await Promise.allSettled([
        one.createNetwork(network()),
        two.createNetwork(network({ name: "lan", ipv4: undefined })),
      ])
      expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"])
      expect(await store.listNetworks()).toHaveLength(1)
    })

    it("forgets a network, and its name and prefix are free", async ({ expect }) => {
      await store.createNetwork(network())
      await store.removeNetwork("lab")
      expect(await store.findNetwork("lab")).toBeUndefined()
      await store.removeNetwork("lab")
      await store.createNetwork(network({ id: "n-2" }))
      expect(await store.readNetwork("n-2")).toMatchObject({ revision: 1, nics: [] })
    })

    it("keeps a network while a NIC or a router stands on it", async ({ expect }) => {
      await store.createNetwork(network())
      await store.claimNic(claim(network(), "nic-1"))
      await expect(store.removeNetwork("lab")).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
        field: "networkId",
      })
      await store.markNic("nic-1", "leaving")
      await expect(store.removeNetwork("lab")).rejects.toMatchObject({ code: "FAILED_PRECONDITION" })
      await store.freeNic("nic-1")
      await store.createRouter(router())
      await expect(store.removeNetwork("lab")).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
        field: "networkId",
      })
      await store.removeRouter("router-1")
      await store.removeNetwork("lab")
      expect(await store.listNetworks()).toEqual([])
    })

    it("lets either a claim or the removal of its network win, never both", async ({ expect }) => {
      const [one, two] = [await bench.open(), await bench.open()]
      for (let turn = 0; turn < 20; turn++) {
        const made = network({ id: `n-${turn}`, name: `n-${turn}`, quarantineSeconds: 0 })
        await store.createNetwork(made)
        // The first claim on a network reads it, the second knows it.
        if (turn % 2 === 0) {
          await one.claimNic(claim(made, `before-${turn}`))
          await store.markNic(`before-${turn}`, "leaving")
          await store.freeNic(`before-${turn}`)
        }
        const [claimed, removed] = await Promise.allSettled([
          one.claimNic(claim(made, `nic-${turn}`)),
          two.removeNetwork(made.id),
        ])
        const isThere = (await store.findNetwork(made.id)) !== undefined
        expect(claimed).toMatchObject(isThere ? { status: "fulfilled" } : { reason: { code: "NOT_FOUND" } })
        expect(removed).toMatchObject(isThere ? { reason: { code: "FAILED_PRECONDITION" } } : { status: "fulfilled" })
        expect(await store.listNics()).toHaveLength(isThere ? 1 : 0)
        if (isThere) {
          await store.markNic(`nic-${turn}`, "leaving")
          await store.freeNic(`nic-${turn}`)
          await store.removeNetwork(made.id)
        }
      }
    })

    it("claims on the network that there is, not on one of the same id that was removed", async ({ expect }) => {
      const [one, two] = [await bench.open(), await bench.open()]
      const first = network({ quarantineSeconds: 0 })
      await store.createNetwork(first)
      await one.claimNic(claim(first, "nic-1"))
      await two.markNic("nic-1", "leaving")
      await two.freeNic("nic-1")
      await two.removeNetwork("lab")
      const again = network({ ipv6: { prefix: "2001:db8:9::/64", gateway: "2001:db8:9::1" }, ipv4: undefined })
      await two.createNetwork(again)
      const nic = await one.claimNic(claim(again, "nic-2"))
      expect(nic.ipv6).toMatch(/^2001:db8:9:/)
      expect(nic.ipv4).toBeUndefined()
    })

    it("reads all that a router serves at one moment", async ({ expect }) => {
      expect(await store.readNetwork("lab")).toBeUndefined()
      await store.createNetwork(network())
      const kept = await store.claimNic(claim(network(), "nic-1"))
      await store.claimNic(claim(network(), "nic-2"))
      await store.markNic("nic-2", "leaving")
      const made = await store.createRouter(router())
      const snapshot = await store.readNetwork("lab")
      expect(snapshot).toMatchObject({ network: network(), nics: [kept], router: made })
    })

    it("raises the revision with every change of what a router serves, and with no other", async ({ expect }) => {
      const revision = async () => (await store.readNetwork("lab"))?.revision ?? 0
      const raised = async (change: () => Promise<unknown>) => {
        const before = await revision()
        await change()
        return (await revision()) - before
      }
      await store.createNetwork(network())
      expect(await revision()).toBe(1)
      expect(await raised(() => store.claimNic(claim(network(), "nic-1")))).toBe(1)
      expect(await raised(() => store.claimNic(claim(network(), "nic-1")))).toBe(0)
      expect(await raised(() => store.markNic("nic-1", "attached"))).toBe(0)
      expect(await raised(() => store.createRouter(router()))).toBe(1)
      expect(await raised(() => store.createRouter(router()))).toBe(0)
      expect(await raised(() => store.markRouter("router-1", "running"))).toBe(0)
      expect(await raised(() => store.markNic("nic-1", "leaving"))).toBe(1)
      expect(await raised(() => store.markNic("nic-1", "leaving"))).toBe(0)
      expect(await raised(() => store.freeNic("nic-1"))).toBe(0)
      expect(await raised(() => store.removeRouter("router-1"))).toBe(1)
      expect(await raised(() => store.removeRouter("router-1"))).toBe(0)
      await store.createNetwork(otherNetwork())
      expect(await raised(() => store.claimNic(claim(otherNetwork(), "nic-9")))).toBe(0)
    })
  })
}
