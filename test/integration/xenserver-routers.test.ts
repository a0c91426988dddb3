import { createHash, randomBytes } from "node:crypto"
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  type HypervisorHost,
  type NetworkSpec,
  type Progress,
  type RouterSpec,
  type TemplateSpec,
  newCall,
} from "@slash64/core"
import { type Disturb, type XapiLabHost, simulateHalf, startXapiLabHost } from "@slash64/tool-xapi-lab-host"
import { connectHost, parseXenserverConfig } from "@slash64/xenserver"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { z } from "zod"
import { XapiSession } from "./xapi-client.ts"

/** Templates and routers on a pool whose VMs are simulated: every object of XAPI is counted. */
const directory = mkdtempSync(join(tmpdir(), "xenrouters-"))
const call = () => newCall({ timeoutMs: 60_000 })

let disturb: Disturb | undefined
let pool: XapiLabHost
let xapi: XapiSession
let host: HypervisorHost
let before: Counts

beforeAll(async () => {
  process.env["SLASH64_TEST_PASSWORD"] = "lab"
  pool = await startXapiLabHost({
    directory: join(directory, "pool"),
    account: { user: "root", password: "lab" },
    hosts: [{ name: "one", address: "127.0.0.1", devices: ["eth0"], below: async (ended) => simulateHalf(ended) }],
    disturb: (method) => disturb?.(method),
  })
  xapi = await XapiSession.open(pool.urls[0] ?? "", "root", "lab")
  host = await connect()
  before = await count()
})
afterEach(() => (disturb = undefined))
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

type Counts = Readonly<Record<string, number>>

/** Everything that a verb could leave behind. */
async function count(): Promise<Counts> {
  const classes = ["VM", "VIF", "VBD", "VDI", "network", "VM_metrics", "task"]
  const lists = await Promise.all(classes.map((name) => xapi.texts(`${name}.get_all`)))
  const [ref] = await xapi.texts("pool.get_all")
  const marks = Object.keys(await xapi.read(z.record(z.string(), z.string()), "pool.get_other_config", ref))
  return { ...Object.fromEntries(classes.map((name, index) => [name, lists[index]?.length ?? 0])), marks: marks.length }
}

function more(added: Counts, than = before): Counts {
  return Object.fromEntries(Object.entries(than).map(([name, was]) => [name, was + (added[name] ?? 0)]))
}

function isChange(method: string): boolean {
  return !/\.get_|^export_|^session\.|^system\./.test(method)
}

/** Disturbs one changing request, after `skip` others. */
function disturbOne(skip: number, kind: "close-after" | "close-unheard"): () => string | undefined {
  let left = skip
  let disturbed: string | undefined
  disturb = (method) => {
    if (!isChange(method) || left-- !== 0) return undefined
    disturbed = method
    return { kind }
  }
  return () => disturbed
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
  readonly adds: Counts
}

const templateRoad: Road = {
  up: () => repeated(() => host.ensureTemplate(template, call())),
  down: () => repeated(() => host.removeTemplate(template.digest, call())),
  adds: { VM: 1, VM_metrics: 1, VBD: 1, VDI: 1, marks: 1 },
}

const routerRoad: Road = {
  up: () => repeated(() => host.ensureRouter(router, call())),
  down: () => repeated(() => host.removeRouter(router.id, call())),
  adds: { VM: 1, VM_metrics: 1, VBD: 2, VDI: 2, VIF: 2, marks: 1 },
}

async function withGround(work: () => Promise<void>): Promise<void> {
  await host.ensureNetwork(network, call())
  await host.ensureTemplate(template, call())
  await work()
  disturb = undefined
  await host.removeTemplate(template.digest, call())
  await host.removeNetwork(network.id, call())
  expect(await count()).toEqual(before)
}

/** Takes the road once for each changing request of it, and disturbs that. Gives the requests. */
async function disturbEach({ up, down, adds }: Road, kind: "close-after" | "close-unheard"): Promise<Set<string>> {
  const ground = await count()
  const disturbed = new Set<string>()
  for (let skip = 0; ; skip++) {
    const end = disturbOne(skip, kind)
    await up()
    expect(await count(), `after ${[...disturbed].at(-1)}`).toEqual(more(adds, ground))
    await down()
    expect(await count(), `after ${[...disturbed].at(-1)}`).toEqual(ground)
    const method = end()
    if (method === undefined) return disturbed
    disturbed.add(method)
  }
}

async function readDisk(vdi: string, bytes: number): Promise<Buffer> {
  const query = new URLSearchParams({ session_id: xapi.ref, vdi, format: "raw" })
  const response = await fetch(`${pool.urls[0] ?? ""}/export_raw_vdi?${query.toString()}`)
  return Buffer.from(await response.arrayBuffer()).subarray(0, bytes)
}

describe.each(["close-after", "close-unheard"] as const)("when a request ends in %s", (kind) => {
  it("a template is one of everything after a repeat, and nothing once it is removed", async () => {
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
  })

  it("a router is one of everything after a repeat, and nothing once it is removed", async () => {
    await withGround(async () => {
      expect([...(await disturbEach(routerRoad, kind))].toSorted()).toEqual([
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
    expect(await count()).toEqual(more(templateRoad.adds))
    const [vdi] = await xapi.texts("VDI.get_by_name_label", `slash64 template ${image.digest}`)
    expect((await readDisk(vdi ?? "", bytes.length)).equals(bytes)).toBe(true)
    await host.removeTemplate(image.digest, call())
    expect(await count()).toEqual(before)
  })

  it("that two programs bring at once is one", async () => {
    const other = await connect()
    const made = await Promise.all([host, other].map((one) => one.ensureTemplate(template, call())))
    expect(made).toEqual([template, template].map(({ digest, version }) => ({ digest, version })))
    expect(await count()).toEqual(more(templateRoad.adds))
    await other.close()
    await host.removeTemplate(template.digest, call())
    expect(await count()).toEqual(before)
  })
})
