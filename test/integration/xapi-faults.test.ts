import { mkdtempSync, rmSync } from "node:fs"
import { globalAgent } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { type XapiLabHost, type XapiLabHostRequest, simulateHalf, startXapiLabHost } from "@slash64/tool-xapi-lab-host"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { z } from "zod"
import { XapiSession, ask, callRaw } from "./xapi-client.ts"
import { makeGoldenTemplate } from "./xapi-golden.ts"

const directory = mkdtempSync(join(tmpdir(), "xapi-faults-"))
const addresses = ["127.0.0.1", "127.0.0.2"] as const
let pool: XapiLabHost
let xapi: XapiSession

function start(): Promise<XapiLabHost> {
  return startXapiLabHost({
    directory,
    account: { user: "root", password: "lab" },
    hosts: addresses.map((address, index) => ({
      name: `host-${index}`,
      address,
      devices: ["eth0"],
      below: async (ended) => simulateHalf(ended),
    })),
  })
}

async function open(index = 0): Promise<XapiSession> {
  const url = pool.urls[index] ?? ""
  // Node takes up a connection again that the fault has just closed.
  globalAgent.destroy()
  return XapiSession.open(url, "root", "lab")
}

beforeEach(async () => {
  pool = await start()
  xapi = await open()
})
afterEach(async () => {
  await pool.close()
  rmSync(directory, { recursive: true })
})

const networkFields = { name_label: "n", other_config: {}, MTU: 1500 }
const taskFields = z.object({ status: z.string(), error_info: z.array(z.string()) })

async function endOf(session: XapiSession, task: unknown): Promise<z.infer<typeof taskFields>> {
  for (;;) {
    const found = await session.read(taskFields, "task.get_record", task)
    if (found.status !== "pending") return found
    await delay(10)
  }
}

async function refOf(name: string, session = xapi): Promise<string> {
  const hosts = await session.read(z.record(z.string(), z.object({ hostname: z.string() })), "host.get_all_records")
  return Object.keys(hosts).find((ref) => hosts[ref]?.hostname === name) ?? ""
}

describe("a pool whose master changes", () => {
  it("is answered by the other host, in a session of its own, and keeps that over a restart", async () => {
    await xapi.call("network.create", { ...networkFields, bridge: "kept" })
    await expect(callRaw(pool.urls[1] ?? "", "pool.get_all", [xapi.ref])).resolves.toMatchObject({
      error: { message: "HOST_IS_SLAVE", data: [addresses[0]] },
    })
    const future = "99999999999999999999,00000000000000000000"
    const waiting = xapi.call("event.from", ["task"], future, 30).catch((error: unknown) => error)
    // It is heard before this is answered.
    await xapi.texts("pool.get_all")
    pool.becomeMaster("host-1")
    expect(await waiting).toMatchObject({ code: "ECONNRESET" })
    await expect(xapi.call("pool.get_all")).rejects.toThrow(`HOST_IS_SLAVE ${addresses[1]}`)
    await expect(callRaw(pool.urls[1] ?? "", "pool.get_all", [xapi.ref])).resolves.toMatchObject({
      error: { message: "SESSION_INVALID" },
    })
    await pool.close()
    pool = await start()
    const other = await open(1)
    const [ref] = await other.texts("pool.get_all")
    expect(await other.text("pool.get_master", ref)).toBe(await refOf("host-1", other))
    expect(await other.texts("network.get_by_name_label", "n")).toHaveLength(1)
    await expect(open(0)).rejects.toThrow(`HOST_IS_SLAVE ${addresses[1]}`)
  })

  it("does so before a call that was to be made, which is answered HOST_IS_SLAVE and not done", async () => {
    pool.disturb("network.create", { kind: "become-slave" })
    const create = xapi.call("network.create", { ...networkFields, bridge: "undone" })
    await expect(create).rejects.toThrow(`HOST_IS_SLAVE ${addresses[1]}`)
    const other = await open(1)
    expect(await other.texts("network.get_by_name_label", "n")).toEqual([])
    await other.call("network.create", { ...networkFields, bridge: "undone" })
  })
})

describe("a pool that starts again", () => {
  it("ends a machine whose start was cut off before it was written down", async () => {
    const { vm } = await makeGoldenTemplate(xapi)
    const uuid = await xapi.text("VM.get_uuid", vm)
    await pool.close()
    const off: string[] = []
    const half = (name: string): XapiLabHostRequest["hosts"][number]["below"] => {
      return async (onEnd) => ({
        ...simulateHalf(onEnd),
        isRunning: (id) => name === "host-1" && id === uuid,
        powerOff: async (id) => void off.push(`${name} ${id}`),
      })
    }
    const hosts = addresses.map((address, index) => {
      const name = `host-${index}`
      return { name, address, devices: ["eth0"], below: half(name) }
    })
    pool = await startXapiLabHost({ directory, account: { user: "root", password: "lab" }, hosts })
    expect(off).toEqual([`host-1 ${uuid}`])
  })
})

describe("a disturbed call", () => {
  it("fails with the error that was asked for, as often as was asked for", async () => {
    pool.disturb("network.create", { kind: "fail", error: ["LICENCE_RESTRICTION", "VIF_locking"] }, 2)
    for (const _ of [1, 2]) {
      const create = xapi.call("network.create", { ...networkFields, bridge: "b" })
      await expect(create).rejects.toThrow("LICENCE_RESTRICTION VIF_locking")
    }
    await xapi.call("network.create", { ...networkFields, bridge: "b" })
  })

  it("fails in its task, where it has one, also an upload", async () => {
    const { vm, vdi } = await makeGoldenTemplate(xapi)
    pool.disturb("Async.VM.clone", { kind: "fail", error: ["SR_BACKEND_FAILURE_44", "", "no space"] })
    const clone = await xapi.text("Async.VM.clone", vm, "copy")
    const failure = { status: "failure", error_info: ["SR_BACKEND_FAILURE_44", "", "no space"] }
    expect(await endOf(xapi, clone)).toEqual(failure)
    expect(await xapi.texts("VM.get_by_name_label", "copy")).toEqual([])

    const upload = async (): Promise<unknown> => {
      const task = await xapi.text("task.create", "upload", "")
      const query = new URLSearchParams({ session_id: xapi.ref, vdi, format: "raw", task_id: task })
      await ask(`${xapi.url}/import_raw_vdi?${query.toString()}`, { method: "PUT" }, Buffer.from("disk"))
      return endOf(xapi, task)
    }
    pool.disturb("import_raw_vdi", { kind: "fail", error: ["SR_BACKEND_FAILURE_44", "", "no space"] })
    expect(await upload()).toEqual(failure)
    pool.disturb("import_raw_vdi", { kind: "close-unheard" })
    await expect(upload()).rejects.toThrow(/socket hang up|ECONNRESET|EPIPE/)
    expect(await upload()).toEqual({ status: "success", error_info: [] })
  })
})

describe("a host that is down", () => {
  it("does not answer, has lost its VMs, takes none, and gets the pool's VLANs when it is up again", async () => {
    const { vm } = await makeGoldenTemplate(xapi)
    await xapi.call("VM.provision", vm)
    const other = await refOf("host-1")
    await xapi.call("VM.start_on", vm, other, false, false)
    await pool.takeDown("host-1")
    await pool.takeDown("host-1")
    await expect(open(1)).rejects.toThrow("ECONNREFUSED")
    expect(await xapi.text("VM.get_power_state", vm)).toBe("Halted")
    const metrics = await xapi.text("host.get_metrics", other)
    expect(await xapi.call("host_metrics.get_live", metrics)).toBe(false)
    await expect(xapi.call("VM.start_on", vm, other, false, false)).rejects.toThrow(`HOST_OFFLINE ${other}`)
    const network = await xapi.text("network.create", { ...networkFields, bridge: "tagged" })
    const [pif] = await xapi.texts("host.get_PIFs", await refOf("host-0"))
    expect(await xapi.texts("pool.create_VLAN_from_PIF", pif, network, 100)).toHaveLength(1)

    await pool.bringUp("host-1")
    await expect(open(1)).rejects.toThrow("HOST_IS_SLAVE")
    expect(await xapi.texts("network.get_PIFs", network)).toHaveLength(2)
    expect(await xapi.call("host_metrics.get_live", metrics)).toBe(true)
    await xapi.call("VM.start_on", vm, other, false, false)
  })

  it("leaves a pool without a master until another host becomes it", async () => {
    await pool.takeDown("host-0")
    await expect(open(0)).rejects.toThrow("ECONNREFUSED")
    await expect(open(1)).rejects.toThrow("HOST_IS_SLAVE")
    pool.becomeMaster("host-1")
    await (await open(1)).texts("pool.get_all")
    expect(() => pool.becomeMaster("host-0")).toThrow("is down")
    await pool.bringUp("host-0")
    await expect(open(0)).rejects.toThrow(`HOST_IS_SLAVE ${addresses[1]}`)
  })
})
