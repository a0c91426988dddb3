import { MemoryHost, newMemoryWorld } from "@slash64/conformance"
import { newCall, openHosts } from "@slash64/core"
import type { HostRecord, HypervisorPlugin } from "@slash64/core"
import { describe, expect, it } from "vitest"

const plugin: HypervisorPlugin = {
  name: "memory",
  contract: "1.0",
  parseConfig: (input) => input,
  connect: async () => new MemoryHost(newMemoryWorld()),
}

describe("openHosts", () => {
  it("keeps a connection while the record says the same, and makes another when it does not", async () => {
    let record: HostRecord = { name: "h1", plugin: "memory", config: { uri: "a" } }
    const hosts = openHosts({ findHost: async () => record }, [plugin])
    const first = await hosts.open("h1", newCall())
    record = structuredClone(record)
    expect(await hosts.open("h1", newCall())).toBe(first)
    record = { ...record, config: { uri: "b" } }
    const second = await hosts.open("h1", newCall())
    expect(second).not.toBe(first)
    expect(await hosts.open("h1", newCall())).toBe(second)
    await hosts.close()
  })

  it("does not know a host any more that is gone from the store", async () => {
    let record: HostRecord | undefined = { name: "h1", plugin: "memory", config: {} }
    const hosts = openHosts({ findHost: async () => record }, [plugin])
    await hosts.open("h1", newCall())
    record = undefined
    await expect(hosts.open("h1", newCall())).rejects.toMatchObject({ code: "NOT_FOUND", field: "host" })
    await hosts.close()
  })

  it.each([
    ["closed", (close: () => Promise<void>) => close(), { code: "FAILED_PRECONDITION", field: "host" }],
    ["aborted", async (_close: unknown, abort: () => void) => abort(), { code: "CANCELLED" }],
  ])("connects no more where they were %s while the record was read", async (_how, end, error) => {
    let connected = 0
    const connect = async () => {
      connected += 1
      return new MemoryHost(newMemoryWorld())
    }
    const read = Promise.withResolvers<HostRecord>()
    const hosts = openHosts({ findHost: () => read.promise }, [{ ...plugin, connect }])
    const controller = new AbortController()
    const opening = hosts.open("h1", newCall({ signal: controller.signal }))
    await end(
      () => hosts.close(),
      () => controller.abort(),
    )
    read.resolve({ name: "h1", plugin: "memory", config: {} })
    await expect(opening).rejects.toMatchObject(error)
    expect(connected).toBe(0)
  })
})
