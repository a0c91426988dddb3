import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { planNetwork } from "../network/plan-network.ts"
import { planNic } from "../network/plan-nic.ts"
import { openSqliteStore } from "./sqlite-store.ts"
import type { Store } from "./store.ts"

const secret = new Uint8Array(32).fill(7)
const network = planNetwork({
  name: "lab",
  attachment: { kind: "isolated" },
  ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1" },
  ipv4: { prefix: "192.0.2.0/24", gateway: "192.0.2.1" },
})
const vmId = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"

let folder: string
let stores: Store[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slash64-store-"))
  stores = []
})

afterEach(async () => {
  for (const store of stores) await store.close()
  rmSync(folder, { recursive: true })
})

async function open(file = "store.sqlite"): Promise<Store> {
  const store = await openSqliteStore({ file: join(folder, file), secret })
  stores.push(store)
  return store
}

describe("openSqliteStore", () => {
  it("makes a file that only its owner may read, journal too, and its directories", async () => {
    const store = await open("state/slash64/store.sqlite")
    await store.createNetwork(network)
    for (const suffix of ["", "-wal", "-shm"])
      expect(statSync(join(folder, `state/slash64/store.sqlite${suffix}`)).mode & 0o777).toBe(0o600)
  })

  it("keeps what was acknowledged", async () => {
    const first = await open()
    await first.createNetwork(network)
    const nic = await first.claimNic(planNic({ id: "nic-1", host: "h", vmId }, network))
    await first.close()
    const again = await open()
    expect(await again.findNic("nic-1")).toEqual(nic)
    expect(await again.findNetwork("lab")).toEqual(network)
  })
})
