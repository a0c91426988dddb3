import assert from "node:assert/strict"
import { createHash, randomBytes } from "node:crypto"
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  type HypervisorHost,
  type NetworkSpec,
  type Progress,
  type RouterSpec,
  type TemplateSpec,
  isSlash64Error,
  newCall,
} from "@slash64/core"
import { type XapiLabHost, simulateHalf, startXapiLabHost } from "@slash64/tool-xapi-lab-host"
import { connectHost, parseXenserverConfig } from "@slash64/xenserver"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { z } from "zod"
import { XapiSession } from "./xapi-client.ts"
import { xapiFaults } from "./xapi-faults.ts"
import { type ObjectCounts, countObjects } from "./xapi-objects.ts"

/** Templates and routers on a pool whose VMs are simulated: every object of XAPI is counted. */
const directory = mkdtempSync(join(tmpdir(), "xenrouters-"))
const call = () => newCall({ timeoutMs: 60_000 })

const faults = xapiFaults()
/** Called before a disk is read back. */
let spoil: (() => void) | undefined
let pool: XapiLabHost
let xapi: XapiSession
let host: HypervisorHost
let before: ObjectCounts

beforeAll(async () => {
  process.env["SLASH64_TEST_PASSWORD"] = "lab"
  pool = await startXapiLabHost({
    directory: join(directory, "pool"),
    account: { user: "root", password: "lab" },
    hosts: [{ name: "one", address: "127.0.0.1", devices: ["eth0"], below: async (ended) => simulateHalf(ended) }],
    disturb(method) {
      if (method === "export_raw_vdi") spoil?.()
      return faults.disturb(method)
    },
  })
  xapi = await XapiSession.open(pool.urls[0] ?? "", "root", "lab")
  host = await connect()
  before = await countObjects(xapi)
})
afterAll(async () => {
  await host.close()
  await pool.close()
  rmSync(directory, { recursive: true })
})

function connect(settings: object = {}): Promise<HypervisorHost> {
  const config = {
    url: pool.urls[0],
    user: "root",
    password: "env:SLASH64_TEST_PASSWORD",
    control: { range: "169.254.0.0/16" },
    ...settings,
  }
  return connectHost(parseXenserverConfig(config), call())
}

function more(added: ObjectCounts, than = before): ObjectCounts {
  return Object.fromEntries(Object.entries(than).map(([name, was]) => [name, was + (added[name] ?? 0)]))
}

function imageOf(bytes: Buffer, format: "raw" | "vhd" = "raw"): TemplateSpec {
  const raw = join(directory, `${randomBytes(4).toString("hex")}.raw`)
  writeFileSync(raw, bytes)
  const file = format === "raw" ? raw : `${raw}.vhd`
  if (format === "vhd") {
    execFileSync("qemu-img", ["convert", "-f", "raw", "-O", "vpc", "-o", "subformat=dynamic,force_size=on", raw, file])
  }
  const digest = `sha256:${createHash("sha256").update(readFileSync(file)).digest("hex")}`
  return { digest, version: "test-1", file, format }
}

const network: NetworkSpec = { id: "guests", attachment: { kind: "isolated" }, mtu: 1400 }
const template = imageOf(randomBytes(16 * 1024 + 512))
const seed = randomBytes(2048)
const router: RouterSpec = {
  id: "r-1",
  templateDigest: template.digest,
  vcpus: 2,
  memoryMiB: 128,
  seed: seed.toString("base64"),
  controlMac: "02:64:00:00:00:01",
  controlAddress: "169.254.64.2/16",
  nics: [{ networkId: network.id, mac: "02:64:00:00:00:02" }],
}
/** As a road does: what gave UNAVAILABLE is asked for again. */
async function repeated(deed: () => Promise<unknown>): Promise<void> {
  try {
    await deed()
  } catch (error) {
    expect(error).toMatchObject({ code: "UNAVAILABLE" })
    await deed()
  }
}

interface Road {
  readonly up: () => Promise<void>
  readonly down: () => Promise<void>
  /** What there is more once it is up. */
  readonly adds: ObjectCounts
}

const templateRoad: Road = {
  up: () => repeated(() => host.ensureTemplate(template, call())),
  down: () => repeated(() => host.removeTemplate(template.digest, call())),
  adds: { VM: 1, VM_metrics: 1, VBD: 1, VDI: 1, pool: 1 },
}

const routerRoad: Road = {
  up: () => repeated(() => host.ensureRouter(router, call())),
  down: () => repeated(() => host.removeRouter(router.id, call())),
  adds: { VM: 1, VM_metrics: 1, VBD: 2, VDI: 2, VIF: 2, pool: 1 },
}

/** What lost a race is asked for again. */
async function repeatedly<T>(deed: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await deed()
    } catch (error) {
      if (tries === 5 || !isSlash64Error(error) || error.code !== "ABORTED") throw error
    }
  }
}

function routerVms(): Promise<readonly string[]> {
  return xapi.texts("VM.get_by_name_label", "slash64 router r-1")
}

async function withGround(work: () => Promise<void>): Promise<void> {
  await host.ensureNetwork(network, call())
  await host.ensureTemplate(template, call())
  await work()
  await host.removeTemplate(template.digest, call())
  await host.removeNetwork(network.id, call())
  expect(await countObjects(xapi)).toEqual(before)
}

/** Takes the road once for each changing request of it, and disturbs that. Gives the requests. */
async function disturbEach({ up, down, adds }: Road, kind: "close-after" | "close-unheard"): Promise<Set<string>> {
  const ground = await countObjects(xapi)
  const disturbed = new Set<string>()
  for (let skip = 0; ; skip++) {
    const end = faults.disturbOne(skip, { kind })
    await up()
    expect(await countObjects(xapi), `after ${[...disturbed].at(-1)}`).toEqual(more(adds, ground))
    await down()
    expect(await countObjects(xapi), `after ${[...disturbed].at(-1)}`).toEqual(ground)
    const method = end()
    if (method === undefined) return disturbed
    disturbed.add(method)
  }
}

/** The VDI of a template that somebody is making. */
async function makeHalf(maker: { readonly by: string; readonly since: number }): Promise<string> {
  const [ref] = await xapi.texts("pool.get_all")
  return xapi.text("VDI.create", {
    name_label: `slash64 template ${template.digest}`,
    SR: await xapi.text("pool.get_default_SR", ref),
    virtual_size: 1024,
    type: "system",
    sharable: false,
    read_only: false,
    other_config: { "slash64:template": template.digest, "slash64:made": JSON.stringify(maker) },
  })
}

async function readDisk(vdi: string, bytes: number): Promise<Buffer> {
  const query = new URLSearchParams({ session_id: xapi.ref, vdi, format: "raw" })
  const response = await fetch(`${pool.urls[0] ?? ""}/export_raw_vdi?${query.toString()}`)
  return Buffer.from(await response.arrayBuffer()).subarray(0, bytes)
}

describe("when a request is disturbed", () => {
  it.each(["close-after", "close-unheard"] as const)(
    "by %s, a template is one of everything after a repeat, and nothing once it is removed",
    async (kind) => {
      expect([...(await disturbEach(templateRoad, kind))].toSorted()).toEqual([
        "VBD.create",
        "VDI.create",
        "VDI.destroy",
        "VM.create",
        "VM.destroy",
        "import_raw_vdi",
        "pool.add_to_other_config",
        "pool.remove_from_other_config",
        "task.create",
        "task.destroy",
      ])
    },
  )

  // One that was not heard leaves what the loss of the answer before it leaves.
  it("by the loss of its answer, a router is one of everything after a repeat, and nothing once it is removed", async () => {
    await withGround(async () => {
      expect([...(await disturbEach(routerRoad, "close-after"))].toSorted()).toEqual([
        "VBD.create",
        "VDI.add_to_other_config",
        "VDI.create",
        "VDI.destroy",
        "VDI.set_name_label",
        "VIF.create",
        "VM.add_to_other_config",
        "VM.clone",
        "VM.destroy",
        "VM.hard_shutdown",
        "VM.provision",
        "VM.set_VCPUs_at_startup",
        "VM.set_VCPUs_max",
        "VM.set_memory_limits",
        "VM.start",
        "import_raw_vdi",
        "pool.add_to_other_config",
        "pool.remove_from_other_config",
        "task.create",
        "task.destroy",
      ])
    })
  })
})

describe("a template", () => {
  it.each(["raw", "vhd"] as const)("of a %s image is uploaded with progress and read back", async (format) => {
    const bytes = Buffer.concat([randomBytes(512 * 1024), Buffer.alloc(5 * 1024 * 1024), randomBytes(512)])
    const image = imageOf(bytes, format)
    const told: Progress[] = []
    const made = await host.ensureTemplate(image, newCall({ timeoutMs: 60_000, report: (one) => told.push(one) }))
    expect(made).toEqual({ digest: image.digest, version: "test-1" })
    const size = readFileSync(image.file).length
    const uploaded = told.findLast(({ step }) => step === "uploading router template")
    expect(uploaded).toEqual({ step: "uploading router template", done: size, total: size, unit: "bytes" })
    expect(await host.listTemplates(call())).toEqual([made])
    expect(await countObjects(xapi)).toEqual(more(templateRoad.adds))
    const [vdi] = await xapi.texts("VDI.get_by_name_label", `slash64 template ${image.digest}`)
    expect((await readDisk(vdi ?? "", bytes.length)).equals(bytes)).toBe(true)
    await host.removeTemplate(image.digest, call())
    expect(await countObjects(xapi)).toEqual(before)
  })

  it("that was cut off in the middle is brought by a repeat, and once", async () => {
    const image = imageOf(randomBytes(3 * 1024 * 1024))
    const leaving = new AbortController()
    const report = ({ done = 0 }: Progress) => void (done > 1024 * 1024 && leaving.abort())
    const cut = host.ensureTemplate(image, newCall({ signal: leaving.signal, report }))
    await expect(cut).rejects.toMatchObject({ code: "CANCELLED" })
    expect(await host.listTemplates(call())).toEqual([])
    await host.ensureTemplate(image, call())
    await host.ensureTemplate(image, call())
    expect(await countObjects(xapi)).toEqual(more(templateRoad.adds))
    await host.removeTemplate(image.digest, call())
    expect(await countObjects(xapi)).toEqual(before)
  })

  it("that another program is making stays its own, and goes once that must be dead", async () => {
    const young = await makeHalf({ by: "another", since: Date.now() })
    await host.ensureTemplate(template, call())
    expect(await countObjects(xapi)).toEqual(more({ ...templateRoad.adds, VDI: 2 }))
    await xapi.call("VDI.destroy", young)
    await makeHalf({ by: "another", since: Date.now() - 16 * 60_000 })
    await host.ensureTemplate(template, call())
    expect(await countObjects(xapi)).toEqual(more(templateRoad.adds))
    await makeHalf({ by: "another", since: Date.now() })
    await host.removeTemplate(template.digest, call())
    expect(await countObjects(xapi)).toEqual(before)
  })

  it("that has its VM and no entry in the registry is registered, and not uploaded again", async () => {
    await host.ensureTemplate(template, call())
    const [vm] = await xapi.texts("VM.get_by_name_label", `slash64 template ${template.digest}`)
    const [ref] = await xapi.texts("pool.get_all")
    await xapi.call("pool.remove_from_other_config", ref, `slash64:template/${template.digest}`)
    expect(await host.listTemplates(call())).toEqual([])
    const other = await connect()
    await other.ensureTemplate(template, call())
    await other.close()
    expect(await xapi.texts("VM.get_by_name_label", `slash64 template ${template.digest}`)).toEqual([vm])
    await host.removeTemplate(template.digest, call())
    expect(await countObjects(xapi)).toEqual(before)
  })

  it("that an administrator took away is brought again", async () => {
    await host.ensureTemplate(template, call())
    const name = `slash64 template ${template.digest}`
    for (const vdi of await xapi.texts("VDI.get_by_name_label", name)) await xapi.call("VDI.destroy", vdi)
    for (const vm of await xapi.texts("VM.get_by_name_label", name)) await xapi.call("VM.destroy", vm)
    expect(await host.listTemplates(call())).toEqual([])
    await host.ensureTemplate(template, call())
    expect(await countObjects(xapi)).toEqual(more(templateRoad.adds))
    await host.removeTemplate(template.digest, call())
  })

  it("is DATA_LOSS when what arrived is not it, and leaves nothing", async () => {
    const wanted = { code: "DATA_LOSS", message: expect.stringMatching(/what arrived/) }
    spoil = () => {
      const sr = join(directory, "pool", "sr")
      for (const file of readdirSync(sr)) writeFileSync(join(sr, file), "x", { flag: "r+" })
    }
    await expect(host.ensureTemplate(template, call())).rejects.toMatchObject(wanted)
    spoil = undefined
    expect(await countObjects(xapi)).toEqual(before)
  })

  it("tells why it cannot be stored: another format, no storage, a full one", async () => {
    const qcow2 = { ...template, format: "qcow2" } as const
    await expect(host.ensureTemplate(qcow2, call())).rejects.toMatchObject({ field: "template.format" })
    const elsewhere = await connect({ storage: "tape" })
    await expect(elsewhere.ensureTemplate(template, call())).rejects.toMatchObject({
      code: "NOT_FOUND",
      field: "storage",
    })
    await elsewhere.close()
    const named = await connect({ storage: "Local storage" })
    await named.ensureTemplate(template, call())
    await named.removeTemplate(template.digest, call())
    await named.close()
    const [ref] = await xapi.texts("pool.get_all")
    const SR = await xapi.text("pool.get_default_SR", ref)
    await xapi.call("pool.set_default_SR", ref, "OpaqueRef:NULL")
    const without = host.ensureTemplate(template, call())
    await expect(without).rejects.toMatchObject({ code: "FAILED_PRECONDITION", field: "storage" })
    await xapi.call("pool.set_default_SR", ref, SR)
    const full = faults.disturbOne(2, { kind: "fail", error: ["SR_FULL", "10", "5"] })
    await expect(host.ensureTemplate(template, call())).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" })
    expect(full()).toBe("import_raw_vdi")
    expect(await countObjects(xapi)).toEqual(before)
  })

  it("that two programs bring at once is one", async () => {
    const other = await connect()
    const made = await Promise.all([host, other].map((one) => one.ensureTemplate(template, call())))
    expect(made).toEqual([template, template].map(({ digest, version }) => ({ digest, version })))
    expect(await countObjects(xapi)).toEqual(more(templateRoad.adds))
    await other.close()
    await host.removeTemplate(template.digest, call())
    expect(await countObjects(xapi)).toEqual(before)
  })
})

describe("a router", () => {
  beforeAll(async () => {
    await host.ensureNetwork(network, call())
    await host.ensureTemplate(template, call())
    ground = await countObjects(xapi)
  })
  afterEach(async () => {
    await host.removeRouter(router.id, call())
    assert.deepEqual(await countObjects(xapi), ground)
  })
  afterAll(async () => {
    await host.removeTemplate(template.digest, call())
    await host.removeNetwork(network.id, call())
  })
  let ground: ObjectCounts
  const one = (): ObjectCounts => more(routerRoad.adds, ground)

  it("is a VM of its size with its seed, on the control network and its own, unlocked, and none of the NICs", async () => {
    const made = await host.ensureRouter(router, call())
    const { id, templateDigest, controlMac, nics } = router
    expect(made).toEqual({ id, templateDigest, controlMac, nics, running: true })
    const [vm] = await routerVms()
    const record = await xapi.read(z.record(z.string(), z.unknown()), "VM.get_record", vm)
    expect(record).toMatchObject({
      VCPUs_max: 2,
      VCPUs_at_startup: 2,
      memory_static_max: 128 * 1024 ** 2,
      memory_dynamic_min: 128 * 1024 ** 2,
      other_config: { auto_poweron: "true" },
    })
    expect(JSON.stringify(record)).not.toContain(router.seed.slice(0, 40))
    const vifs = await Promise.all((await xapi.texts("VM.get_VIFs", vm)).map((vif) => xapi.call("VIF.get_record", vif)))
    const networks = await xapi.read(z.record(z.string(), z.object({ bridge: z.string() })), "network.get_all_records")
    const control = Object.keys(networks).find((ref) => networks[ref]?.bridge === "xenapi")
    expect(vifs).toMatchObject([
      { device: "0", MAC: controlMac, network: control, locking_mode: "unlocked", MTU: 1500 },
      { device: "1", MAC: "02:64:00:00:00:02", locking_mode: "unlocked", MTU: 1400 },
    ])
    const [vdi] = await xapi.texts("VDI.get_by_name_label", "slash64 seed r-1")
    expect((await readDisk(vdi ?? "", seed.length)).equals(seed)).toBe(true)
    expect(await host.listNics(call())).toEqual([])
    expect(await host.listRouters(call())).toEqual([made])
    expect(await countObjects(xapi)).toEqual(one())
  })

  it("is its own at the second time, whatever the size and the seed, and refuses another spec", async () => {
    const made = await host.ensureRouter(router, call())
    const other = { ...router, vcpus: 1, memoryMiB: 64, seed: Buffer.alloc(512).toString("base64") }
    expect(await host.ensureRouter(other, call())).toEqual(made)
    for (const wrong of [
      { controlAddress: "169.254.64.3/16" },
      { nics: [] },
      { templateDigest: `sha256:${"0".repeat(64)}` },
    ]) {
      await expect(host.ensureRouter({ ...router, ...wrong }, call())).rejects.toMatchObject({ code: "ALREADY_EXISTS" })
    }
    expect(await countObjects(xapi)).toEqual(one())
  })

  it("that was cloned and no more is taken up, and further clones are taken away", async () => {
    const [source] = await xapi.texts("VM.get_by_name_label", `slash64 template ${template.digest}`)
    for (let clones = 0; clones < 3; clones++) await xapi.call("VM.clone", source, "slash64 router r-1")
    await host.ensureRouter(router, call())
    expect(await countObjects(xapi)).toEqual(one())
  })

  it("that was cloned and no more is taken away by a removal", async () => {
    const [source] = await xapi.texts("VM.get_by_name_label", `slash64 template ${template.digest}`)
    await xapi.call("VM.clone", source, "slash64 router r-1")
    await host.removeRouter(router.id, call())
    expect(await countObjects(xapi)).toEqual(ground)
  })

  it("whose disk was taken, by a removal that was cut off, is made again", async () => {
    await host.ensureRouter(router, call())
    const [vm] = await routerVms()
    await xapi.call("VM.hard_shutdown", vm)
    const [vdi] = await xapi.texts("VDI.get_by_name_label", "slash64 router r-1")
    await xapi.call("VDI.destroy", vdi)
    expect(await host.ensureRouter(router, call())).toMatchObject({ running: true })
    expect(await routerVms()).not.toEqual([vm])
    expect(await countObjects(xapi)).toEqual(one())
  })

  it("whose VM an administrator destroyed is made again", async () => {
    await host.ensureRouter(router, call())
    const [vm] = await routerVms()
    await xapi.call("VM.hard_shutdown", vm)
    for (const name of ["slash64 router r-1", "slash64 seed r-1"]) {
      for (const vdi of await xapi.texts("VDI.get_by_name_label", name)) await xapi.call("VDI.destroy", vdi)
    }
    await xapi.call("VM.destroy", vm)
    expect(await host.findRouter(router.id, call())).toBeUndefined()
    await host.ensureRouter(router, call())
    expect(await countObjects(xapi)).toEqual(one())
  })

  it("whose seed no VM has any more gets it again", async () => {
    await host.ensureRouter(router, call())
    const [vm] = await routerVms()
    await xapi.call("VM.hard_shutdown", vm)
    const vbds = await xapi.texts("VM.get_VBDs", vm)
    const places = await Promise.all(vbds.map((vbd) => xapi.text("VBD.get_userdevice", vbd)))
    await xapi.call("VBD.destroy", vbds[places.indexOf("1")])
    await host.ensureRouter(router, call())
    expect(await countObjects(xapi)).toEqual(one())
  })

  it("that two programs start at once is one", async () => {
    const other = await connect()
    const made = await Promise.all([host, other].map((each) => repeatedly(() => each.ensureRouter(router, call()))))
    expect(made[0]).toEqual(made[1])
    await other.close()
    expect(await countObjects(xapi)).toEqual(one())
  })

  it("has nothing to do with VMs of others that bear its name", async () => {
    const [debian] = await xapi.texts("VM.get_by_name_label", "Debian Bookworm 12")
    const foreign = await xapi.text("VM.clone", debian, "slash64 router r-1")
    await host.ensureRouter(router, call())
    await host.removeRouter(router.id, call())
    expect(await routerVms()).toEqual([foreign])
    await xapi.call("VM.destroy", foreign)
  })

  it("is started again when it was paused, and when a NIC of it was changed it says so", async () => {
    await host.ensureRouter(router, call())
    const [vm] = await routerVms()
    await xapi.call("VM.pause", vm)
    expect(await host.findRouter(router.id, call())).toMatchObject({ running: false })
    expect(await host.ensureRouter(router, call())).toMatchObject({ running: true })
    await xapi.call("VM.hard_shutdown", vm)
    const [vif] = await xapi.texts("VM.get_VIFs", vm)
    const { network: on, ...rest } = await xapi.read(z.looseObject({ network: z.string() }), "VIF.get_record", vif)
    await xapi.call("VIF.destroy", vif)
    await xapi.call("VIF.create", { ...rest, network: on, VM: vm, MAC: "02:64:00:00:00:09" })
    await expect(host.ensureRouter(router, call())).rejects.toMatchObject({ code: "FAILED_PRECONDITION" })
  })

  it("needs a network for its control NIC", async () => {
    const other = await connect({ control: { network: "none0" } })
    const { controlAddress: _, ...linkLocal } = router
    await expect(other.ensureRouter(linkLocal, call())).rejects.toMatchObject({
      code: "NOT_FOUND",
      field: "control.network",
    })
    await other.close()
    expect(await countObjects(xapi)).toEqual(ground)
  })
})
