import { createHash, randomBytes } from "node:crypto"
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { type XapiLabHost, type XapiLabHostRequest, simulateHalf, startXapiLabHost } from "@slash64/tool-xapi-lab-host"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { z } from "zod"
import { XapiSession, ask, callRaw } from "./xapi-client.ts"
import { makeGoldenTemplate } from "./xapi-golden.ts"

const directory = mkdtempSync(join(tmpdir(), "xapi-wire-"))
const below: XapiLabHostRequest["hosts"][number]["below"] = async (ended) => simulateHalf(ended)
const request: XapiLabHostRequest = {
  directory: join(directory, "pool"),
  account: { user: "root", password: "lab" },
  hosts: [
    { name: "one", address: "127.0.0.1", devices: ["eth0", "eth1"], below },
    { name: "two", address: "127.0.0.2", devices: ["eth0", "eth1"], below },
  ],
}
let host: XapiLabHost
let master = ""
let xapi: XapiSession

beforeAll(async () => {
  host = await startXapiLabHost(request)
  master = host.urls[0] ?? ""
  xapi = await XapiSession.open(master, "root", "lab")
})
afterAll(async () => {
  await host.close()
  rmSync(directory, { recursive: true })
})

async function xmlCall(method: string, ...params: readonly string[]): Promise<string> {
  const written = params.map((param) => `<param><value>${param}</value></param>`).join("")
  const body = `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${written}</params></methodCall>`
  const answer = await ask(`${master}/`, { method: "POST" }, Buffer.from(body))
  expect(answer).toMatchObject({ status: 200, contentType: "text/xml" })
  return answer.body
}

const record = z.record(z.string(), z.unknown())

async function task(ref: unknown): Promise<Record<string, unknown>> {
  for (;;) {
    const found = await xapi.read(record, "task.get_record", ref)
    if (found["status"] !== "pending") return found
    await delay(10)
  }
}

function listCall(jsonrpc: string): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc, id: 7, method: "system.listMethods" }))
}

function struct(members: Record<string, string>): string {
  const written = Object.entries(members).map(
    ([name, value]) => `<member><name>${name}</name><value>${value}</value></member>`,
  )
  return `<struct>${written.join("")}</struct>`
}

async function upload(vdi: string, format: string, body: Buffer): Promise<Record<string, unknown>> {
  const ref = await xapi.text("task.create", "upload", "")
  const query = new URLSearchParams({ session_id: xapi.ref, vdi, format, task_id: ref })
  const answer = await ask(`${master}/import_raw_vdi/?${query.toString()}`, { method: "PUT" }, body)
  expect(answer.status).toBe(200)
  return task(ref)
}

async function downloadDigest(vdi: string): Promise<string> {
  const query = new URLSearchParams({ session_id: xapi.ref, vdi, format: "raw" })
  const response = await fetch(`${master}/export_raw_vdi?${query.toString()}`)
  return digest(Buffer.from(await response.arrayBuffer()))
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex")
}

describe("the wire", () => {
  it("speaks JSON-RPC 2.0 as application/json and answers HTTP 500 to another version", async () => {
    const answer = await ask(`${master}/jsonrpc`, { method: "POST" }, listCall("2.0"))
    expect(answer).toMatchObject({ status: 200, contentType: "application/json" })
    expect(JSON.parse(answer.body)).toMatchObject({ jsonrpc: "2.0", id: 7 })
    expect(await ask(`${master}/jsonrpc`, { method: "POST" }, listCall("1.0"))).toMatchObject({ status: 500 })
    expect(await ask(`${master}/jsonrpc`, { method: "POST" }, Buffer.from("{"))).toMatchObject({ status: 500 })
    expect(await ask(`${master}/other`, { method: "POST" }, listCall("2.0"))).toMatchObject({ status: 404 })
  })

  it("speaks XML-RPC with integers as texts both ways", async () => {
    const made = await xmlCall(
      "network.create",
      xapi.ref,
      struct({ name_label: "<string>a &amp; b</string>", MTU: "1400", other_config: "<struct/>", bridge: "s64xml" }),
    )
    const [net = ""] = /OpaqueRef:[0-9a-f-]+/.exec(made) ?? []
    expect(await xapi.call("network.get_MTU", net)).toBe(1400)
    expect(await xmlCall("network.get_MTU", xapi.ref, `<string>${net}</string>`)).toContain(
      "<member><name>Status</name><value>Success</value></member><member><name>Value</name><value>1400</value>",
    )
    const row = await xmlCall("network.get_record", xapi.ref, net)
    expect(row).toContain("<name>name_label</name><value>a &amp; b</value>")
    expect(row).toContain("<name>managed</name><value><boolean>1</boolean></value>")
    expect(await xmlCall("network.get_MTU", xapi.ref, "OpaqueRef:none")).toContain(
      "<name>Status</name><value>Failure</value></member><member><name>ErrorDescription</name>" +
        "<value><array><data><value>HANDLE_INVALID</value><value>network</value><value>OpaqueRef:none</value></data></array>",
    )
    const broken = Buffer.from("<methodCall><methodName>x</methodCall>")
    expect(await ask(master, { method: "POST" }, broken)).toMatchObject({ status: 500 })
    await xapi.call("network.destroy", net)
  })

  it("speaks TLS with a certificate that signs itself and outlives a restart", async () => {
    const secure = { ...request, directory: join(directory, "tls"), hosts: request.hosts.slice(0, 1), tls: true }
    const first = await startXapiLabHost(secure)
    await first.close()
    const again = await startXapiLabHost(secure)
    try {
      expect(again.certificates).toEqual(first.certificates)
      const [url = "", ca = ""] = [again.urls[0], again.certificates[0]]
      expect(await callRaw(url, "system.listMethods", [], ca)).toHaveProperty("result")
      await expect(callRaw(url, "system.listMethods", [])).rejects.toThrow(/self-signed/)
    } finally {
      await again.close()
    }
  })
})

describe("a pool of two", () => {
  it("has a member that names the master to every login and call but its own local login", async () => {
    const member = host.urls[1] ?? ""
    const slave = { code: 1, message: "HOST_IS_SLAVE", data: ["127.0.0.1"] }
    expect(await callRaw(member, "session.login_with_password", ["root", "lab", "1.0", "x"])).toMatchObject({
      error: slave,
    })
    expect(await callRaw(member, "pool.get_all", [xapi.ref])).toMatchObject({ error: slave })
    const local = await callRaw(member, "session.slave_local_login_with_password", ["root", "lab"])
    expect(await callRaw(member, "session.local_logout", [local.result])).toMatchObject({ result: "" })
  })

  it("makes a VLAN on every host, and takes back the first when the second cannot have it", async () => {
    const pifs = await xapi.read(z.record(z.string(), z.object({ device: z.string() })), "PIF.get_all_records")
    const [pif = "", other = ""] = Object.keys(pifs).filter((ref) => pifs[ref]?.device === "eth1")
    const create = (bridge: string) =>
      xapi.text("network.create", { name_label: bridge, other_config: {}, MTU: 1500, bridge })
    const [net, taken] = [await create("s64one"), await create("s64two")]
    expect(await xapi.call("pool.create_VLAN_from_PIF", pif, net, "30")).toHaveLength(2)
    const vlans = await xapi.read(z.record(z.string(), z.object({ tag: z.number() })), "VLAN.get_all_records")
    expect(Object.values(vlans).map(({ tag }) => tag)).toEqual([30, 30])
    for (const vlan of Object.keys(vlans)) await xapi.call("VLAN.destroy", vlan)
    const blocking = await xapi.text("VLAN.create", other, 31, taken)
    await expect(xapi.call("pool.create_VLAN_from_PIF", pif, net, 31)).rejects.toThrow("PIF_VLAN_EXISTS eth1")
    expect(await xapi.call("VLAN.get_all")).toEqual([blocking])
  })
})

describe("tasks and events", () => {
  const events = z.object({ token: z.string(), events: z.array(record) })

  it("runs Async calls as tasks whose result is XML, even over JSON", async () => {
    const label = `async-${randomBytes(4).toString("hex")}`
    const fields = { name_label: label, other_config: {}, MTU: 1500, bridge: "s64async" }
    const made = await task(await xapi.call("Async.network.create", fields))
    const [net] = await xapi.texts("network.get_by_name_label", label)
    expect(made).toMatchObject({ status: "success", result: `<value>${net}</value>`, progress: 1, error_info: [] })
    const failed = await task(await xapi.call("Async.network.create", fields))
    expect(failed).toMatchObject({ status: "failure", error_info: ["BRIDGE_NAME_EXISTS", "s64async"], result: "" })
    expect(await task(await xapi.call("Async.network.destroy", net))).toMatchObject({ status: "success", result: "" })
    const unknown = await callRaw(master, "Async.no.such", [xapi.ref])
    expect(unknown.error?.message).toBe("MESSAGE_METHOD_UNKNOWN")
  })

  it("wakes event.from at a change, with the row, and tells of the end without one", async () => {
    const from = (token: string, ...classes: string[]) => xapi.read(events, "event.from", classes, token, 30)
    const { token } = await from("", "*")
    const waiting = from(token, "Network")
    const net = await xapi.text("network.create", {
      name_label: "seen",
      other_config: {},
      MTU: 1500,
      bridge: "s64seen",
    })
    const added = await waiting
    expect(added.events).toMatchObject([
      { class: "network", operation: "add", ref: net, snapshot: { name_label: "seen" } },
    ])
    const changing = from(added.token, `network/${net}`)
    await xapi.call("network.set_name_label", net, "changed")
    const changed = await changing
    expect(changed.events).toMatchObject([{ operation: "mod", snapshot: { name_label: "changed" } }])
    await xapi.call("network.destroy", net)
    const gone = await from(changed.token, "network")
    expect(gone.events).toMatchObject([{ class: "network", operation: "del", ref: net }])
    expect(gone.events[0]).not.toHaveProperty("snapshot")
  })
})

describe("disks", () => {
  it("takes raw and VHD uploads behind a task, and gives the same bytes back", async () => {
    const { vdi } = await makeGoldenTemplate(xapi)
    const bytes = randomBytes(1 << 20)
    expect(await upload(vdi, "raw", bytes)).toMatchObject({ status: "success" })
    expect(await downloadDigest(vdi)).toBe(digest(bytes))
    const raw = join(directory, "image.raw")
    writeFileSync(raw, bytes.toReversed())
    execFileSync("qemu-img", ["convert", "-O", "vpc", "-o", "subformat=dynamic,force_size=on", raw, `${raw}.vhd`])
    expect(await upload(vdi, "vhd", readFileSync(`${raw}.vhd`))).toMatchObject({ status: "success" })
    expect(await downloadDigest(vdi)).toBe(digest(readFileSync(raw)))
  })

  it("tells in the task alone why an upload failed", async () => {
    expect(await upload("OpaqueRef:none", "raw", Buffer.alloc(10))).toMatchObject({
      status: "failure",
      error_info: ["HANDLE_INVALID", "VDI", "OpaqueRef:none"],
    })
    const { vdi } = await makeGoldenTemplate(xapi)
    expect(await upload(vdi, "vhd", Buffer.alloc(4096))).toMatchObject({ status: "failure" })
    const tooLong = await upload(vdi, "raw", Buffer.alloc((1 << 20) + 1))
    expect(tooLong).toMatchObject({
      status: "failure",
      error_info: ["INTERNAL_ERROR", expect.stringContaining("1048576")],
    })
    const refused = await ask(`${master}/import_raw_vdi?vdi=${vdi}`, { method: "PUT" }, Buffer.alloc(10))
    expect(refused.status).toBe(403)
  })
})

describe("a restart", () => {
  it("keeps objects and references, and ends sessions", async () => {
    const own = { ...request, directory: join(directory, "again"), hosts: request.hosts.slice(0, 1) }
    const before = await startXapiLabHost(own)
    const session = await XapiSession.open(before.urls[0] ?? "", "root", "lab")
    const { vm, vdi } = await makeGoldenTemplate(session)
    const records = await session.call("VM.get_all_records")
    await before.close()
    const after = await startXapiLabHost(own)
    try {
      const url = after.urls[0] ?? ""
      expect(await callRaw(url, "VM.get_all", [session.ref])).toMatchObject({ error: { message: "SESSION_INVALID" } })
      const next = await XapiSession.open(url, "root", "lab")
      expect(await next.call("VM.get_all_records")).toEqual(records)
      expect(await next.call("VDI.get_VBDs", vdi)).toEqual(await next.call("VM.get_VBDs", vm))
      expect(await next.call("pool.get_all")).toHaveLength(1)
    } finally {
      await after.close()
    }
  })
})
