import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startCliLab } from "../../cli/cli-lab.ts"
import type { CliLab } from "../../cli/cli-lab.ts"

const network = (name: string, ...more: string[]) => [
  ..."network create --isolated --pool edge --gateway ::1 --range ::10-::1f".split(" "),
  name,
  ...more,
]

describe("slash64 pool", () => {
  let lab: CliLab

  beforeAll(async () => {
    lab = await startCliLab()
  })

  afterAll(() => lab.close())

  const create = ["pool", "create", "edge", "2001:db8:100::/60", "--policy", "sequential"]
  it("makes a pool, the same one when repeated", async () => {
    const made = await lab.json(create)
    expect(made).toEqual({
      pool: { id: "edge", name: "edge", prefix: "2001:db8:100::/60", policy: "sequential", quarantineSeconds: 3600 },
    })
    expect(await lab.json(create)).toEqual(made)
    expect(await lab.json([...create, "--quarantine", "0"], 6)).toMatchObject({ error: { field: "quarantineSeconds" } })
  })

  it("makes a network on the next /64, the same one when repeated, or on the one that is asked for", async () => {
    const made = await lab.json(network("blue"))
    expect(made).toMatchObject({
      network: { ipv6: { prefix: "2001:db8:100::/64", pool: "edge", gateway: "2001:db8:100::1" } },
    })
    expect(await lab.json(network("blue"))).toEqual(made)
    expect(await lab.json(network("red", "--ipv6", "2001:db8:100:f::/64"))).toMatchObject({
      network: { ipv6: { prefix: "2001:db8:100:f::/64", ranges: [{ start: "2001:db8:100:f::10" }] } },
    })
    expect((await lab.run(["network", "show", "red"])).stdout).toMatch(/^pool +edge$/m)
  })

  it("names the option when the pool is in the way or is not there", async () => {
    const byHand = ["network", "create", "hand", "--ipv6", "2001:db8:100:7::/64", "--isolated", "--ra", "router"]
    expect(await lab.json(byHand, 6)).toMatchObject({
      error: { field: "ipv6.prefix", hint: expect.stringMatching(/^--ipv6: .*ipv6.pool/) },
    })
    expect(await lab.json([...byHand, "--pool", "core"], 5)).toMatchObject({ error: { field: "ipv6.pool" } })
  })

  it("claims for others, shows by page, and gives back", async () => {
    const claim = ["pool", "claim", "edge", "customer-7"]
    expect(await lab.json(claim)).toMatchObject({ claimed: { prefix: "2001:db8:100:1::/64" } })
    expect((await lab.run(claim)).stdout).toBe("2001:db8:100:1::/64\n")
    const counts = { capacity: "16", held: "3", resting: "0", free: "13" }
    expect(await lab.json(["pool", "show", "edge", "--limit", "2"])).toMatchObject({
      counts,
      prefixes: [{ holder: { kind: "network", id: "blue" } }, { holder: { kind: "claim", id: "customer-7" } }],
    })
    expect(await lab.json(["pool", "show", "edge", "--after", "2001:db8:100:1::/64"])).toMatchObject({
      prefixes: [{ holder: { id: "red" } }],
    })
    expect(await lab.json(["pool", "show", "edge", "--limit", "all"], 2)).toMatchObject({ error: { field: "--limit" } })
    expect((await lab.run(["pool", "show", "edge"])).stdout).toMatch(/2001:db8:100:1::\/64 +claim customer-7/)
    expect((await lab.run(["pool", "list"])).stdout).toMatch(/^edge +2001:db8:100::\/60 +sequential +3 +13$/m)
    await lab.json(["pool", "release", "edge", "customer-7"])
    await lab.json(["pool", "release", "edge", "customer-7"])
    expect(await lab.json(["pool", "list"])).toMatchObject({ pools: [{ counts: { held: "2", resting: "1" } }] })
  })

  it("resizes and removes when nothing is in the way", async () => {
    expect(await lab.json(["pool", "resize", "edge", "2001:db8:100::/61"], 9)).toMatchObject({
      error: { message: expect.stringContaining("2001:db8:100:f::/64 of network red") },
    })
    expect(await lab.json(["pool", "resize", "edge", "2001:db8:100::/48"])).toMatchObject({
      pool: { prefix: "2001:db8:100::/48" },
    })
    expect(await lab.json(["pool", "remove", "edge"], 9)).toMatchObject({ error: { code: "FAILED_PRECONDITION" } })
    for (const name of ["blue", "red"]) await lab.json(["network", "remove", name])
    expect(await lab.json(["pool", "remove", "edge"])).toMatchObject({ pool: { name: "edge" } })
    expect(await lab.json(["pool", "remove", "edge"])).toEqual({})
    expect(await lab.json(["pool", "show", "edge"], 5)).toMatchObject({ error: { field: "pool" } })
  })
})
