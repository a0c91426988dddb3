import { planNetwork, planNic } from "@slash64/core"
import type { Store } from "@slash64/core"
import { openPostgresStore } from "@slash64/store-postgres"
import { startPostgres } from "@slash64/tool-lab"
import type { OwnPostgres } from "@slash64/tool-lab"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { startCuttingProxy } from "./cutting-proxy.ts"
import type { CuttingProxy } from "./cutting-proxy.ts"

const secret = new Uint8Array(32)
const network = planNetwork({
  name: "lab",
  attachment: { kind: "isolated" },
  ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1" },
})
const claim = planNic({ id: "nic-1", host: "h1", vmId: "4dea22b3-1d52-d8f3-2516-782e98ab3fa0" }, network)

let server: OwnPostgres
let stores: Store[] = []
let users = 0

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.remove())
afterEach(async () => {
  for (const store of stores) await store.close()
  stores = []
})

async function open(url: string, patienceMs = 5000): Promise<Store> {
  const store = await openPostgresStore({ url, secret, patienceMs })
  stores.push(store)
  return store
}

async function newSchema(): Promise<readonly [user: string, url: string]> {
  const user = `faults${++users}`
  return [user, await server.openSchema(user)]
}

describe("openPostgresStore", () => {
  it("makes its tables once when many open an empty database at once", async () => {
    const [user, url] = await newSchema()
    const opened = await Promise.all(Array.from({ length: 6 }, () => open(url)))
    await opened[0]?.createNetwork(network)
    expect(await opened[5]?.listNetworks()).toEqual([network])
    expect(await server.sql(user, "SELECT count(*) FROM slash64_schema")).toBe("1")
  })

  it.for([
    ["another program's", "CREATE TABLE theirs (id integer)", /another program/],
    ["that a newer slash64 wrote", "UPDATE slash64_schema SET version = 99", /newer/],
    ["that forgets what it acknowledged", "ALTER ROLE CURRENT_USER SET synchronous_commit = off", /synchronous_commit/],
  ] as const)("refuses a database %s, and changes nothing", async ([what, sql, message]) => {
    const [user, url] = await newSchema()
    if (what.includes("newer")) await (await open(url)).close()
    await server.sql(user, sql)
    const tables = () => server.sql(user, "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()")
    const before = await tables()
    await expect(open(url)).rejects.toMatchObject({ code: "FAILED_PRECONDITION", field: "store", message })
    expect(await tables()).toBe(before)
  })

  it("goes on where another was ended before its first table but one", async () => {
    const [user, url] = await newSchema()
    await server.sql(user, "CREATE TABLE slash64_schema (mark INTEGER PRIMARY KEY, version INTEGER NOT NULL)")
    const store = await open(url)
    expect(await store.createNetwork(network)).toEqual(network)
  })

  it.for([
    ["a database that is not there", "FAILED_PRECONDITION", (url: string) => url.replace("/postgres?", "/nowhere?")],
    ["a user who is not there", "UNAUTHENTICATED", (url: string) => url.replace(/\/\/\w+@/, "//nobody@")],
    ["a server that does not run", "UNAVAILABLE", (url: string) => `${url}-none`],
  ] as const)("refuses %s", async ([, code, change]) => {
    const [, url] = await newSchema()
    const refused = open(change(url), 300)
    await expect(refused).rejects.toMatchObject({ code, field: "store", outcome: undefined })
  })
})

describe("a store whose answers are lost", () => {
  let proxy: CuttingProxy
  let url: string
  let direct: Store

  beforeEach(async () => {
    const [, directUrl] = await newSchema()
    proxy = await startCuttingProxy(server.host)
    url = directUrl.replace(server.host, proxy.host)
    direct = await open(directUrl)
  })
  afterEach(() => proxy.close())

  it("finds a claim done that was not answered, and makes no second one", async () => {
    await direct.createNetwork(network)
    const store = await open(url)
    proxy.lose("INSERT INTO nics", 1)
    const nic = await store.claimNic(claim)
    expect(proxy.lost).toBe(1)
    expect(await direct.listNics()).toEqual([nic])
    expect(await direct.countAddresses("lab")).toMatchObject({ ipv6: { held: 1n } })
  })

  it("finds a transaction done whose commit was not answered", async () => {
    const store = await open(url)
    proxy.lose("COMMIT", 1)
    expect(await store.createNetwork(network)).toEqual(network)
    expect(proxy.lost).toBe(1)
    expect(await direct.listNetworks()).toEqual([network])
  })

  it("says that the outcome is unknown when no answer ever comes", async () => {
    await direct.createNetwork(network)
    const store = await open(url, 500)
    proxy.lose("INSERT INTO nics", 1000)
    await expect(store.claimNic(claim)).rejects.toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" })
    expect(await direct.listNics()).toHaveLength(1)
    proxy.lose("", 0)
    expect(await store.claimNic(claim)).toEqual((await direct.listNics())[0])
  })

  it("says of what is only read that the server does not answer", async () => {
    const store = await open(url, 500)
    proxy.lose("FROM networks", 1000)
    await expect(store.listNetworks()).rejects.toMatchObject({ code: "UNAVAILABLE", outcome: undefined })
  })
})
