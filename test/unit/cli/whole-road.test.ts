import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startCliLab, web1 } from "../../cli/cli-lab.ts"
import type { CliLab } from "../../cli/cli-lab.ts"

describe("slash64 from an empty machine to an address and back", () => {
  let lab: CliLab

  beforeAll(async () => {
    lab = await startCliLab()
  })

  afterAll(() => lab.close())

  it("adds a host", async () => {
    expect(await lab.json(["host", "add", "lab", "--plugin", "memory"])).toMatchObject({
      host: { name: "lab", plugin: "memory", config: {} },
      description: { hypervisor: "memory" },
    })
  })

  it("creates a network", async () => {
    const create = ["network", "create", "blue", "--ipv6", "2001:db8:0:1::/64", "--isolated", "--ra", "router"]
    const made = await lab.json(create)
    expect(made).toMatchObject({ network: { id: "blue", ipv6: { gateway: "2001:db8:0:1::1", ra: "router" } } })
    expect(await lab.json(create)).toEqual(made)
  })

  it("registers a template", async () => {
    const register = ["template", "register", lab.writeTemplate()]
    const made = await lab.json(register)
    expect(made).toMatchObject({ template: { version: "1", format: "qcow2" } })
    expect(await lab.json(register)).toMatchObject({ template: { version: "1" } })
    expect(await lab.json(["template", "list"])).toMatchObject({ templates: [{ version: "1" }] })
  })

  it("starts the router, on the only host", async () => {
    expect(await lab.json(["router", "start", "blue"])).toMatchObject({ router: { host: "lab", state: "running" } })
    expect(await lab.json(["router", "status", "blue"])).toMatchObject({ status: { drifted: [] } })
  })

  it("attaches a NIC to a VM by its name, the same one when repeated and when named by UUID", async () => {
    const made = await lab.json(["nic", "attach", "blue", "web1", "--hostname", "web1"])
    expect(made).toMatchObject({ nic: { vmId: web1, state: "attached", isDefault: true }, port: { live: true } })
    const again = await lab.json(["nic", "attach", "blue", web1.toUpperCase(), "--host", "lab", "--hostname", "web1"])
    expect(again).toMatchObject({ nic: Reflect.get(Object(made), "nic") })
    expect(lab.router.reservations).toHaveLength(1)
  })

  it("attaches a second NIC under another index", async () => {
    await lab.json(["nic", "attach", "blue", "web1", "--index", "1", "--address", "2001:db8:0:1::80"])
    expect(lab.router.reservations.filter((line) => line.includes("2001:db8:0:1::80"))).toHaveLength(1)
    expect(await lab.json(["nic", "list", "--network", "blue", "--vm", web1])).toMatchObject({ nics: [{}, {}] })
  })

  it("lists NICs page by page", async () => {
    const all = await nicsOf(lab)
    const first = await lab.json(["nic", "list", "--limit", "1"])
    expect(first).toEqual({ nics: [all[0]], next: all[0].id })
    expect(await lab.json(["nic", "list", "--limit", "1", "--after", all[0].id])).toEqual({ nics: [Object(all)[1]] })
    expect((await lab.run(["nic", "list", "--limit", "1"])).stdout).toContain(`--after ${all[0].id}`)
    expect(await lab.json(["network", "list", "--limit", "1"])).not.toHaveProperty("next")
  })

  it("changes the network in use, says who keeps an excluded address, and tells the router", async () => {
    const change = [
      "network",
      "change",
      "blue",
      "--exclude",
      "2001:db8:0:1::80",
      "--exclude",
      "2001:db8:0:1::90-2001:db8:0:1::9f",
    ]
    const changed = await lab.json([...change, "--quarantine", "0"])
    expect(changed).toMatchObject({
      network: {
        quarantineSeconds: 0,
        ipv6: { exclusions: [{ start: "2001:db8:0:1::80" }, { end: "2001:db8:0:1::9f" }] },
      },
      keeping: [{ ipv6: "2001:db8:0:1::80" }],
    })
    expect(await lab.json(["status"])).toMatchObject({ problems: [] })
    const { stdout } = await lab.run(change)
    expect(stdout).toContain("keeps")
    expect(stdout).toContain("2001:db8:0:1::80")
    const shown = await lab.json(["network", "show", "blue"])
    // 2^64 less the anycast addresses, the RFC 5453 block, the router, and what was excluded.
    const capacity = String((1n << 64n) - 1n - (1n << 24n) - 128n - 128n - 1n - 17n)
    const free = String(BigInt(capacity) - 1n)
    expect(shown).toMatchObject({ counts: { ipv6: { capacity, held: "1", resting: "0", free, heldExcluded: "1" } } })
    expect((await lab.run(["network", "show", "blue"])).stdout).toContain(`${free} free; 1 held that are excluded`)
    await lab.json([
      "network",
      "change",
      "blue",
      "--unexclude",
      "2001:db8:0:1::80-2001:db8:0:1::9f",
      "--quarantine",
      "3600",
    ])
    expect(await lab.json(["network", "show", "blue"])).toMatchObject({
      counts: { ipv6: { held: "2", heldExcluded: "0" } },
    })
  })

  it("shows a NIC as the store, the host and the guest have it", async () => {
    const [nic] = await nicsOf(lab)
    lab.hypervisor.observed.set(nic.id, ["2001:db8:0:1::80"])
    expect(await lab.json(["nic", "show", nic.id])).toMatchObject({
      nic: { id: nic.id },
      port: { live: true, persistent: true },
      observed: { addresses: ["2001:db8:0:1::80"] },
    })
    lab.hypervisor.observed.set(nic.id, ["2001:db8:0:1::bad"])
    const { stdout } = await lab.run(["nic", "show", nic.id])
    expect(stdout).toMatch(/^guest shows +2001:db8:0:1::bad$/m)
    expect(stdout).toMatch(/^problem: .*2001:db8:0:1::bad is not this NIC's/m)
  })

  it("says that all is well", async () => {
    expect(await lab.json(["status"])).toMatchObject({
      hosts: [{ name: "lab", problems: [] }],
      networks: [{ name: "blue", nics: 2, router: { state: "running" }, problems: [] }],
      problems: [],
    })
  })

  it("says when the router was changed behind its back, with exit code 9, and push mends it", async () => {
    lab.router.files.set("dnsmasq.conf", "somebody was here")
    expect(await lab.json(["status"], 9)).toMatchObject({ problems: [expect.stringContaining("dnsmasq.conf")] })
    await lab.json(["router", "push", "blue"])
    expect(await lab.json(["status"])).toMatchObject({ problems: [] })
  })

  it("refuses to remove what is in use", async () => {
    expect(await lab.json(["network", "remove", "blue"], 9)).toMatchObject({ error: { code: "FAILED_PRECONDITION" } })
    expect(await lab.json(["router", "remove", "blue"], 9)).toMatchObject({ error: { code: "FAILED_PRECONDITION" } })
  })

  it("detaches by network and VM and by id, and once more", async () => {
    const second = ["nic", "detach", "blue", "web1", "--index", "1"]
    expect(await lab.json(second)).toMatchObject({ nic: { state: "leaving" } })
    expect(await lab.json(second)).toEqual({})
    const [nic] = await nicsOf(lab)
    expect(await lab.json(["nic", "detach", nic.id])).toMatchObject({ nic: { id: nic.id } })
    expect(await lab.json(["nic", "detach", "blue", web1])).toEqual({})
    expect(lab.router.reservations).toEqual([])
    expect(lab.hypervisor.nics.size).toBe(0)
  })

  it("removes router and network, and once more", async () => {
    expect(await lab.json(["router", "remove", "blue"])).toMatchObject({ router: { host: "lab" } })
    expect(await lab.json(["router", "remove", "blue"])).toEqual({})
    expect(await lab.json(["host", "remove", "lab"], 9)).toMatchObject({ error: { code: "FAILED_PRECONDITION" } })
    expect(await lab.json(["network", "remove", "blue"])).toMatchObject({ network: { id: "blue" } })
    expect(await lab.json(["network", "remove", "blue"])).toEqual({})
    expect(await lab.json(["network", "list"])).toEqual({ networks: [] })
    expect(lab.hypervisor.networks.size).toBe(0)
  })

  it("forgets host and template, once more too", async () => {
    const { templates } = Object(await lab.json(["template", "list"]))
    for (const _ of [1, 2]) {
      expect(await lab.json(["template", "remove", templates[0].digest])).toEqual({})
      expect(await lab.json(["host", "remove", "lab"])).toEqual({})
    }
    expect(await lab.json(["status"])).toMatchObject({ hosts: [], networks: [], templates: [] })
  })
})

async function nicsOf(lab: CliLab): Promise<readonly [{ readonly id: string }]> {
  const answer = Object(await lab.json(["nic", "list"]))
  return Reflect.get(answer, "nics")
}
