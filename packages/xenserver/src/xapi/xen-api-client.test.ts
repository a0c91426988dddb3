import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { z } from "zod"
import { XenApiClient } from "./xen-api-client.ts"

const request = z.object({ method: z.string(), params: z.array(z.unknown()) })
const signal = AbortSignal.timeout(30_000)

interface Answer {
  readonly type?: string
  readonly body: string
}

const result = (value: unknown): Answer => ({ body: JSON.stringify({ jsonrpc: "2.0", id: 0, result: value }) })
const error = (message: string, data: readonly string[]): Answer => ({
  body: JSON.stringify({ jsonrpc: "2.0", id: 0, error: { code: 1, message, data } }),
})

const usual: Readonly<Record<string, Answer>> = {
  "session.login_with_password": result("OpaqueRef:session"),
  "pool.get_all_records": result({ "OpaqueRef:pool": { uuid: "00000000-0000-4000-8000-000000000001" } }),
}

let directory = ""
let servers: Server[] = []
let client: XenApiClient

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "xen-api-client-"))
  writeFileSync(join(directory, "password"), "lab")
})
afterEach(async () => {
  await client.close()
  await Promise.all(servers.map(async (server) => once(server.close(), "close")))
  servers = []
  rmSync(directory, { recursive: true })
})

/** A host that answers as it is told to, or as one that has nothing; gives the methods that it is asked. */
async function serve(
  address: string,
  answers: Readonly<Record<string, Answer>>,
  port = 0,
): Promise<{ readonly port: number; readonly asked: readonly string[] }> {
  const asked: string[] = []
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await text(incoming)
    const method = incoming.url === "/jsonrpc" ? request.parse(JSON.parse(body)).method : "no JSON-RPC"
    asked.push(method)
    const { type = "application/json", body: said } = answers[method] ?? usual[method] ?? result([])
    outgoing.writeHead(200, { "content-type": type, connection: "close" }).end(said)
  }
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing))
  servers.push(server)
  await once(server.listen(port, address), "listening")
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a listening TCP server has
  return { port: (server.address() as AddressInfo).port, asked }
}

function connect(port: number): XenApiClient {
  const account = { user: "root", password: `file:${join(directory, "password")}` }
  return new XenApiClient({ url: `http://127.0.0.1:${port}`, ...account, certificates: [] })
}

describe("XenApiClient", () => {
  it("takes its session nowhere that a host names while xen-api connects", async () => {
    const slave = error("HOST_IS_SLAVE", ["127.0.0.2"])
    const member = await serve("127.0.0.1", { "pool.get_all_records": slave })
    const named = await serve("127.0.0.2", {}, member.port)
    client = connect(member.port)
    await expect(client.read(z.unknown(), signal, "VM.get_all")).rejects.toMatchObject({
      code: "UNAVAILABLE",
      native: { code: "HOST_IS_SLAVE" },
    })
    expect(named.asked).toEqual([])
  })

  it("sends a change once, whatever comes back for it", async () => {
    const page = { type: "text/html", body: "<html>busy</html>" }
    const host = await serve("127.0.0.1", {
      "network.create": page,
      "VIF.create": { body: '{"jsonrpc":"2.0","res' },
    })
    client = connect(host.port)
    for (const method of ["network.create", "VIF.create"]) {
      await expect(client.change(z.string(), signal, method)).rejects.toMatchObject({
        code: "UNAVAILABLE",
        outcome: "unknown",
      })
      expect(host.asked.filter((one) => one === method)).toHaveLength(1)
    }
    expect(host.asked).not.toContain("no JSON-RPC")
  })
})
