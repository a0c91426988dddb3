import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { goWholeRoad } from "../clients/generated-client.ts"
import { startServeWithGuest, type ServeWithGuest } from "./serve-with-guest.ts"

describe("a client that is generated from the OpenAPI document, on a libvirtd with a guest that boots", () => {
  let server: ServeWithGuest
  beforeAll(async () => {
    server = await startServeWithGuest("4dea22b3-1d52-d8f3-2516-782e98ab3fa0")
  })
  afterAll(() => server?.stop())

  it("carries a network from nothing to the address that the guest shows, and back", async () => {
    const { ground, socket, manifest } = server
    const folder = ground.dir
    writeFileSync(join(folder, "openapi.json"), await server.curl("/openapi.json"))
    const host = { plugin: "kvm", config: ground.config }
    const network = `client-${process.pid}`
    const answer = await goWholeRoad(folder, { socket, host, network, vm: "web1", manifest, guest: true })
    expect(answer).toEqual({ address: expect.stringMatching(/^2001:db8:0:1:/) })
    process.stdout.write(`${JSON.stringify(answer)} in the guest, by the generated client\n`)
  })
})
