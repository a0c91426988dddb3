import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ApiBench } from "./api-bench.ts"

const edge = { prefix: "2001:db8:100::/60" }

describe("pools over the API", () => {
  let api: ApiBench

  beforeEach(async () => {
    api = await ApiBench.open()
    await api.send("PUT", "/v1/pools/edge", edge)
  })
  afterEach(() => api[Symbol.asyncDispose]())

  it("are made, the same again, also as they were read, and refused with other content", async () => {
    const { body: pool } = await api.send("GET", "/v1/pools/edge")
    expect(pool).toEqual({ id: "edge", name: "edge", ...edge, policy: "stable", quarantineSeconds: 3600 })
    for (const again of [edge, pool]) expect((await api.send("PUT", "/v1/pools/edge", again)).body).toEqual(pool)
    const other = await api.refused("PUT", "/v1/pools/edge", { ...edge, policy: "sequential" })
    expect(other).toMatchObject({ status: 409, code: "ALREADY_EXISTS" })
    const overlapping = await api.refused("PUT", "/v1/pools/wide", { prefix: "2001:db8::/32" })
    expect(overlapping).toMatchObject({ status: 409, code: "ALREADY_EXISTS" })
    expect(await api.refused("PUT", "/v1/pools/red", { id: "edge", ...edge })).toMatchObject({ field: "id" })
    expect((await api.send("GET", "/v1/pools")).body).toEqual({ pools: [pool] })
  })

  it("give a holder a /64, the same again, and take it back, once more too", async () => {
    const claim = "/v1/pools/edge/claims/customer-7"
    const first = await api.send("PUT", claim, { prefix: "2001:db8:100:5::/64" })
    expect(first.body).toEqual({
      poolId: "edge",
      prefix: "2001:db8:100:5::/64",
      holder: { kind: "claim", id: "customer-7" },
    })
    expect((await api.send("PUT", claim, {})).body).toEqual(first.body)
    const taken = { prefix: "2001:db8:100:5::/64" }
    expect(await api.refused("PUT", "/v1/pools/edge/claims/other", taken)).toMatchObject({ status: 409 })
    expect((await api.send("GET", "/v1/pools/edge/counts")).body).toMatchObject({ capacity: "16", held: "1" })
    expect(await api.refused("DELETE", "/v1/pools/edge")).toMatchObject({ code: "FAILED_PRECONDITION" })
    for (const _ of [1, 2]) expect((await api.send("DELETE", claim)).body).toEqual({})
    expect((await api.send("GET", "/v1/pools/edge/prefixes")).body).toEqual({ prefixes: [] })
    expect((await api.send("DELETE", "/v1/pools/edge")).body).toMatchObject({ pool: { id: "edge" } })
    expect((await api.send("DELETE", "/v1/pools/edge")).body).toEqual({})
  })

  it("list what is held by page, a network's too, to the end", async () => {
    for (const holder of ["a", "b", "c"]) await api.send("PUT", `/v1/pools/edge/claims/${holder}`, {})
    const attachment = { kind: "isolated" }
    await api.send("PUT", "/v1/networks/blue", { attachment, ipv6: { pool: "edge", ra: "router" } })
    const holders: string[] = []
    let query = "limit=3"
    for (;;) {
      const { prefixes, next } = Object((await api.send("GET", `/v1/pools/edge/prefixes?${query}`)).body)
      holders.push(
        ...prefixes.map(({ holder }: { holder: { kind: string; id: string } }) => `${holder.kind} ${holder.id}`),
      )
      if (next === undefined) break
      query = `limit=3&after=${encodeURIComponent(next)}`
    }
    expect(holders.toSorted()).toEqual(["claim a", "claim b", "claim c", "network blue"])
    expect(await api.refused("GET", "/v1/pools/edge/prefixes?after=x")).toMatchObject({ status: 400, field: "after" })
  })

  it("grow, and shrink about what is held", async () => {
    await api.send("PUT", "/v1/pools/edge/claims/a", { prefix: "2001:db8:100:f::/64" })
    const wide = { prefix: "2001:db8::/32" }
    for (const _ of [1, 2]) expect((await api.send("PATCH", "/v1/pools/edge", wide)).body).toMatchObject(wide)
    const narrow = { prefix: "2001:db8:100::/61" }
    expect(await api.refused("PATCH", "/v1/pools/edge", narrow)).toMatchObject({ code: "FAILED_PRECONDITION" })
    expect(await api.refused("PATCH", "/v1/pools/none", narrow)).toMatchObject({ status: 404, field: "pool" })
    expect(await api.refused("PATCH", "/v1/pools/edge", {})).toMatchObject({ status: 400, field: "prefix" })
  })
})
