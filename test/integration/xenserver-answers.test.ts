import { createHash } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { type IncomingMessage, type Server, type ServerResponse, createServer, request as httpRequest } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { type HypervisorHost, isSlash64Error, newCall } from "@slash64/core"
import * as fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type XenserverGround, startXenserverGround } from "./xenserver-ground.ts"

/** Answers that no recording has, put at the wire in the place of XAPI's own. */
const directory = mkdtempSync(join(tmpdir(), "xenserver-answers-"))
const call = () => newCall({ timeoutMs: 60_000 })
const networkId = "net"

type Twist =
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "page" | "cut" | "empty" | "hang-up" | "huge" }
  | { readonly kind: "result"; readonly value: unknown }
  | { readonly kind: "error"; readonly message: unknown; readonly data: unknown }
  | { readonly kind: "field"; readonly name: string; readonly value: unknown }

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom("OpaqueRef:NULL", "", -1, 1e308, "\u0000\n", [], {}),
)
const field = fc.constantFrom(
  "uuid",
  "VM",
  "VIFs",
  "other_config",
  "device",
  "power_state",
  "bridge",
  "MTU",
  "status",
  "networks",
)
const twist: fc.Arbitrary<Twist> = fc.oneof(
  fc.record({ kind: fc.constant("status" as const), status: fc.constantFrom(302, 401, 404, 500, 503) }),
  fc.record({
    kind: fc.constantFrom("page" as const, "cut" as const, "empty" as const, "hang-up" as const, "huge" as const),
  }),
  fc.record({ kind: fc.constant("result" as const), value: odd }),
  fc.record({
    kind: fc.constant("error" as const),
    message: fc.oneof(
      fc.constantFrom("NEVER_SEEN", "INTERNAL_ERROR", "toString", "HANDLE_INVALID", "SR_BACKEND_FAILURE_46"),
      odd,
    ),
    data: odd,
  }),
  fc.record({ kind: fc.constant("field" as const), name: field, value: fc.option(odd, { nil: undefined }) }),
)

let ground: XenserverGround
let server: Server
let url = ""
let good: HypervisorHost
let vm: { readonly ref: string; readonly id: string }
let digest = ""
/** The call, counted from now, that is answered otherwise. */
let armed: { left: number; readonly twist: Twist } | undefined
let run = 0

beforeAll(async () => {
  ground = await startXenserverGround()
  server = createServer((incoming, outgoing) => void relay(incoming, outgoing).catch(() => outgoing.destroy()))
  await once(server.listen(0, "127.0.0.1"), "listening")
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a listening TCP server has
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  good = await ground.connect()
  vm = await ground.makeVm("guest")
  const bytes = Buffer.alloc(4096, "t")
  writeFileSync(join(directory, "template.raw"), bytes)
  digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`
  await good.ensureTemplate(template(), call())
  await good.ensureNetwork(network(networkId), call())
  await good.attachNic(nic("kept", 1), call())
  await good.ensureRouter(router("kept"), call())
})
afterAll(async () => {
  await ground.stop()
  server.closeAllConnections()
  server.close()
  rmSync(directory, { recursive: true })
})

async function relay(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const upstream = httpRequest(new URL(incoming.url ?? "/", ground.lab.urls[0]), {
    method: incoming.method,
    headers: incoming.headers,
    agent: false,
  })
  incoming.pipe(upstream)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the event of a request carries
  const [answer] = (await once(upstream, "response")) as [IncomingMessage]
  const isTurn = armed !== undefined && armed.left-- === 0
  if (!isTurn || armed === undefined || incoming.method !== "POST") {
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
    return void answer.pipe(outgoing)
  }
  twisted(armed.twist, await text(answer), outgoing)
}

function twisted(how: Twist, body: string, outgoing: ServerResponse): void {
  const json = { "content-type": "application/json" }
  const rpc = (more: object): void =>
    void outgoing.writeHead(200, json).end(JSON.stringify({ jsonrpc: "2.0", id: 0, ...more }))
  switch (how.kind) {
    case "status":
      return void outgoing.writeHead(how.status, { location: "http://127.0.0.1:9/" }).end("<html>busy</html>")
    case "page":
      return void outgoing.writeHead(200, { "content-type": "text/html" }).end("<html>busy</html>")
    case "cut":
      return void outgoing.writeHead(200, json).end(body.slice(0, body.length / 2))
    case "empty":
      return void outgoing.writeHead(200, json).end()
    case "hang-up":
      outgoing.writeHead(200, { ...json, "content-length": body.length }).write(body.slice(0, 10))
      return void outgoing.destroy()
    case "huge":
      return rpc({ result: "x".repeat(8 << 20) })
    case "result":
      return rpc({ result: how.value })
    case "error":
      return rpc({ error: { code: 1, message: how.message, data: how.data } })
    case "field":
      return void outgoing.writeHead(200, json).end(JSON.stringify(JSON.parse(body, replace(how))))
  }
}

/** Puts another value in the place of a field wherever it is, or takes it away. */
function replace({ name, value }: { readonly name: string; readonly value: unknown }) {
  return (key: string, before: unknown): unknown => (key === name ? value : before)
}

const network = (id: string) => ({ id, attachment: { kind: "isolated" }, mtu: 1500 }) as const
const template = () => ({ digest, version: "1", file: join(directory, "template.raw"), format: "raw" }) as const
const nic = (id: string, number: number) => ({
  id,
  vmId: vm.id,
  networkId,
  mac: `02:00:5e:00:00:${number.toString(16).padStart(2, "0")}`,
  addresses: ["2001:db8::10"],
  portSecurity: true,
})
const router = (id: string) => ({
  id,
  templateDigest: digest,
  vcpus: 1,
  memoryMiB: 128,
  seed: Buffer.alloc(512).toString("base64"),
  controlMac: id === "kept" ? "02:64:00:00:00:02" : "02:64:00:00:00:03",
  nics: [],
})

const verbs: Readonly<Record<string, (host: HypervisorHost) => Promise<unknown>>> = {
  describeHost: (host) => host.describeHost(call()),
  ensureNetwork: (host) => host.ensureNetwork(network(`net-${run}`), call()),
  removeNetwork: (host) => host.removeNetwork(`net-${run}`, call()),
  listNetworks: (host) => host.listNetworks(call()),
  attachNic: (host) => host.attachNic(nic("brief", 2), call()),
  attachNicAgain: (host) => host.attachNic({ ...nic("kept", 1), addresses: [`2001:db8::${run}`] }, call()),
  detachNic: (host) => host.detachNic(nic("brief", 2), call()),
  listNics: (host) => host.listNics(call()),
  observeNic: (host) => host.observeNic(nic("kept", 1), call()),
  findVm: (host) => host.findVm(vm.id, call()),
  findVmsByName: (host) => host.findVmsByName("guest", call()),
  ensureTemplate: (host) => host.ensureTemplate(template(), call()),
  listTemplates: (host) => host.listTemplates(call()),
  removeTemplate: (host) => host.removeTemplate(digest, call()),
  ensureRouter: (host) => host.ensureRouter(router("brief"), call()),
  removeRouter: (host) => host.removeRouter("brief", call()),
  findRouter: (host) => host.findRouter("kept", call()),
  listRouters: (host) => host.listRouters(call()),
  openRouterStream: (host) => host.openRouterStream("absent", call()),
}

async function outcomeOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work
    return undefined
  } catch (error) {
    return error
  }
}

describe("an answer that was never seen", () => {
  it("of any call of any verb is a typed error or does no harm, and the verb works after it", async () => {
    const verb = fc.constantFrom(...Object.keys(verbs))
    await fc.assert(
      fc.asyncProperty(verb, fc.nat(9), twist, async (name, left, how) => {
        run++
        // A login and the first calls of xen-api are answered otherwise too.
        armed = { left, twist: how }
        const error = await outcomeOf(viaRelay(async (host) => verbs[name]?.(host)))
        armed = undefined
        if (error !== undefined && (!isSlash64Error(error) || error.code === "DEADLINE_EXCEEDED")) throw error
      }),
      // Each is a connection of its own; on a busy machine fewer are made.
      { numRuns: 80, interruptAfterTimeLimit: 25_000 },
    )
    const left = await good.listNics(call())
    expect(left.map(({ id }) => id)).toContain("kept")
    await viaRelay(async (host) => {
      await host.attachNic(nic("brief", 2), call())
      await host.detachNic(nic("brief", 2), call())
      await host.ensureTemplate(template(), call())
      await host.ensureRouter(router("brief"), call())
      await host.removeRouter("brief", call())
    })
    expect((await good.listNics(call())).map(({ id }) => id)).toEqual(["kept"])
  })
})

async function viaRelay(work: (host: HypervisorHost) => Promise<unknown>): Promise<void> {
  const host = await ground.connect({ url })
  try {
    await work(host)
  } finally {
    await host.close()
  }
}
