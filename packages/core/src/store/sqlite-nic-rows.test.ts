import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { planNetwork } from "../network/plan-network.ts"
import { planNic } from "../network/plan-nic.ts"
import { openSqliteStore } from "./sqlite-store.ts"

const isolated = { kind: "isolated" }
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slash64-nics-"))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

describe("a page of NICs", () => {
  it("is whole and in order on a network of many thousands, with others between them", async () => {
    const file = join(folder, "store.sqlite")
    const store = await openSqliteStore({ file, secret: new Uint8Array(32) })
    const [many, few] = [["many", "fd00:1::"] as const, ["few", "fd00:2::"] as const].map(([name, prefix]) =>
      planNetwork({ name, attachment: isolated, ipv6: { prefix: `${prefix}/64`, gateway: `${prefix}1` } }),
    )
    if (many === undefined || few === undefined) throw new Error("no network")
    await store.createNetwork(many)
    await store.createNetwork(few)
    const claims = Array.from({ length: 10_500 }, (_, number) => {
      const id = `nic-${String((number * 7919) % 10_500).padStart(5, "0")}`
      return planNic({ id, host: "h1", vmId: crypto.randomUUID() }, number % 25 === 5 ? few : many)
    })
    await Promise.all(claims.map((claim) => store.claimNic(claim)))
    const ids = async (networkId: string, limit: number) => {
      const found: string[] = []
      for (let after: string | undefined; ; after = found.at(-1)) {
        const page = await store.listNics({ networkId, limit, ...(after !== undefined && { after }) })
        found.push(...page.map(({ id }) => id))
        if (page.length < limit) return found
      }
    }
    for (const networkId of ["many", "few"]) {
      const all = (await store.listNics({ networkId })).map(({ id }) => id)
      expect(all).toEqual(all.toSorted())
      expect(await ids(networkId, 999)).toEqual(all)
    }
    expect(await store.listNics({ networkId: "few" })).toHaveLength(420)
    expect(await store.listNics({ networkId: "many" })).toHaveLength(10_080)
    await store.close()
  })
})
