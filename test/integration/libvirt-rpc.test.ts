import { execFile } from "node:child_process"
import { randomBytes, randomUUID } from "node:crypto"
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { Readable } from "node:stream"
import { buffer } from "node:stream/consumers"
import { pipeline } from "node:stream/promises"
import { promisify } from "node:util"
import {
  connect,
  ReconnectingConnection,
  VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_DOMAIN_STARTED,
  VIR_DOMAIN_AFFECT_CONFIG,
  VIR_DOMAIN_AFFECT_LIVE,
  VIR_DOMAIN_EVENT_DEFINED,
  VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE,
  VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
  VIR_DOMAIN_EVENT_ID_LIFECYCLE,
  VIR_DOMAIN_EVENT_STARTED,
  VIR_DOMAIN_EVENT_STOPPED,
  VIR_DOMAIN_EVENT_UNDEFINED,
  VIR_NETWORK_EVENT_ID_LIFECYCLE,
  VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM,
  type Connection,
  type Domain,
  type StorageVol,
} from "@slash64/libvirt-rpc"
import { startLibvirtd, type Libvirtd } from "@slash64/tool-lab"
import { Client } from "ssh2"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { readDocExamples } from "./doc-examples.ts"
import { startOwnSshd, type OwnSshd } from "./own-sshd.ts"

const lifecycle = VIR_DOMAIN_EVENT_ID_LIFECYCLE
const dir = mkdtempSync("/tmp/slash64-rpc-")
const request = { dir: join(dir, "libvirtd"), private: true, hideKvm: true } as const
let libvirtd: Libvirtd
let connection: Connection

beforeAll(async () => {
  libvirtd = await startLibvirtd(request)
  connection = await connect(libvirtd.uri)
})

afterAll(async () => {
  await connection?.close({ signal: AbortSignal.timeout(5000) })
  await libvirtd?.stop()
  rmSync(dir, { recursive: true, force: true })
})

/** A machine without disks: its firmware is all that runs. */
function domainXml(name: string, uuid = randomUUID()): string {
  return `<domain type='qemu'>
    <name>${name}</name><uuid>${uuid}</uuid><memory unit='MiB'>32</memory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='pc'>hvm</type></os>
    <features><acpi/></features>
    <devices>
      <controller type='usb' model='qemu-xhci'/>
      <serial type='pty'/><video><model type='vga'/></video>
      <graphics type='vnc' socket='${join(dir, `${name}.vnc`)}'/>
      <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    </devices>
  </domain>`
}

async function withDomain(name: string, work: (dom: Domain) => Promise<void>): Promise<void> {
  const { dom } = await connection.domainDefineXmlFlags({ xml: domainXml(name), flags: 0 })
  try {
    await work(dom)
  } finally {
    await connection.domainDestroy({ dom }).catch(() => {})
    await connection.domainUndefine({ dom }).catch(() => {})
  }
}

describe("calls", () => {
  it("give what libvirt says of itself and its host", async () => {
    const { lib_ver } = await connection.connectGetLibVersion()
    expect(lib_ver).toBeGreaterThan(1_000_000n)
    expect(await connection.connectGetType()).toEqual({ type: "QEMU" })
    expect((await connection.connectGetUri()).uri).toBe("qemu:///system")
    expect((await connection.nodeGetInfo()).model).toBe("x86_64")
    expect((await connection.connectGetCapabilities()).capabilities).toContain("<capabilities>")
    expect((await connection.connectListAllNwfilters({ need_results: 1, flags: 0 })).filters).toContainEqual(
      expect.objectContaining({ name: "clean-traffic" }),
    )
  })

  it("fail with libvirt's code and domain", async () => {
    await expect(connection.domainLookupByName({ name: "nobody" })).rejects.toMatchObject({
      name: "LibvirtError",
      code: 42,
      codeName: "VIR_ERR_NO_DOMAIN",
      domainName: "VIR_FROM_QEMU",
      str2: expect.stringContaining("nobody"),
    })
    await expect(connection.networkDefineXml({ xml: "<network>" })).rejects.toMatchObject({
      codeName: "VIR_ERR_XML_DETAIL",
    })
  })

  it("are pipelined by the hundred", async () => {
    const calls = Array.from({ length: 300 }, () => connection.connectGetHostname())
    expect(new Set((await Promise.all(calls)).map(({ hostname }) => hostname)).size).toBe(1)
  })

  it("carry typed parameters of every kind", async () => {
    const { params } = await connection.nodeGetMemoryParameters({ nparams: 16, flags: 0 })
    expect(params).not.toHaveLength(0)
    await withDomain("rpc-params", async (dom) => {
      await connection.domainCreate({ dom })
      const { retStats } = await connection.connectGetAllDomainStats({ doms: [dom], stats: 0, flags: 0 })
      const stats = Object.fromEntries((retStats[0]?.params ?? []).map(({ field, value }) => [field, value]))
      expect(stats["state.state"]).toEqual({ type: 1, i: 1 })
      expect(stats["balloon.maximum"]).toEqual({ type: 4, ul: 32_768n })
    })
  })
})

describe("events", () => {
  it("follow a domain through its life", async () => {
    await using events = await connection.domainEvents(lifecycle)
    await withDomain("rpc-life", async (dom) => connection.domainCreate({ dom }))
    const seen: number[] = []
    for await (const { dom, event } of events) {
      expect(dom.name).toBe("rpc-life")
      seen.push(event)
      if (event === VIR_DOMAIN_EVENT_UNDEFINED) break
    }
    // Between them libvirt tells of a shutdown and of what else its version knows.
    const milestones: readonly number[] = [
      VIR_DOMAIN_EVENT_DEFINED,
      VIR_DOMAIN_EVENT_STARTED,
      VIR_DOMAIN_EVENT_STOPPED,
      VIR_DOMAIN_EVENT_UNDEFINED,
    ]
    expect(seen.filter((event) => milestones.includes(event))).toEqual(milestones)
  })

  it("tell when a device is really gone", async () => {
    await withDomain("rpc-unplug", async (dom) => {
      await connection.domainCreate({ dom })
      const xml = "<input type='tablet' bus='usb'><alias name='ua-rpc'/></input>"
      const flags = VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG
      await connection.domainAttachDeviceFlags({ dom, xml, flags })
      const present = await connection.domainGetXmlDesc({ dom, flags: 0 })
      expect(present.xml).toContain("ua-rpc")
      await using events = await connection.domainEvents(VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, { dom })
      await connection.domainDetachDeviceFlags({ dom, xml, flags })
      for await (const { devAlias } of events) {
        expect(devAlias).toBe("ua-rpc")
        break
      }
      const gone = await connection.domainGetXmlDesc({ dom, flags: 0 })
      expect(gone.xml).not.toContain("ua-rpc")
    })
  })

  it("tell of a guest's agent", async () => {
    await withDomain("rpc-agent", async (dom) => {
      await using events = await connection.domainEvents(VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, { dom })
      await connection.domainCreate({ dom })
      for await (const { reason, state } of events) {
        expect(reason).toBe(VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_DOMAIN_STARTED)
        expect(state).toBe(2)
        break
      }
    })
  })

  it("follow a network through its life", async () => {
    await using events = await connection.networkEvents(VIR_NETWORK_EVENT_ID_LIFECYCLE)
    const bridge = `s64r${process.pid}`
    const xml = `<network><name>rpc-net</name><bridge name='${bridge}' stp='off'/></network>`
    const { net } = await connection.networkDefineXml({ xml })
    await connection.networkCreate({ net })
    expect(readdirSync("/sys/class/net")).toContain(bridge)
    await connection.networkDestroy({ net })
    await connection.networkUndefine({ net })
    const seen: number[] = []
    for await (const { event } of events) if (seen.push(event) === 4) break
    expect(seen).toEqual([0, 2, 3, 1])
  })
})

describe("QEMU's own programs", () => {
  it("pass monitor commands and events through", async () => {
    await withDomain("rpc-monitor", async (dom) => {
      await connection.domainCreate({ dom })
      await using events = await connection.qemuMonitorEvents({ dom, event: "STOP" })
      const cmd = JSON.stringify({ execute: "query-status" })
      const { result } = await connection.qemuDomainMonitorCommand({ dom, cmd, flags: 0 })
      expect(JSON.parse(result)).toMatchObject({ return: { status: "running" } })
      await connection.domainSuspend({ dom })
      for await (const { event, details } of events) {
        expect([event, details]).toEqual(["STOP", null])
        break
      }
    })
  })

  it("fail as libvirt says when no agent answers", async () => {
    await withDomain("rpc-no-agent", async (dom) => {
      await connection.domainCreate({ dom })
      const cmd = JSON.stringify({ execute: "guest-ping" })
      const asking = connection.qemuDomainAgentCommand({ dom, cmd, timeout: 1, flags: 0 })
      await expect(asking).rejects.toMatchObject({ codeName: "VIR_ERR_AGENT_UNRESPONSIVE" })
    })
  })
})

describe("streams", () => {
  const pools = join(dir, "pool")
  let vol: StorageVol

  beforeAll(async () => {
    mkdirSync(pools)
    const xml = `<pool type='dir'><name>rpc</name><target><path>${pools}</path></target></pool>`
    const { pool } = await connection.storagePoolCreateXml({ xml, flags: 0 })
    const volume = "<volume><name>disk</name><capacity>0</capacity></volume>"
    ;({ vol } = await connection.storageVolCreateXml({ pool, xml: volume, flags: 0 }))
  })

  const whole = { offset: 0n, length: 0n, flags: 0 }

  it("carry 30 MB up and down, byte by byte the same, while calls go on", async () => {
    const content = randomBytes(30_000_000)
    const { stream: up } = await connection.storageVolUpload({ vol, ...whole })
    const writing = pipeline(Readable.from(slices(content)), up)
    expect((await connection.connectGetType()).type).toBe("QEMU")
    await writing
    expect(readFileSync(join(pools, "disk")).equals(content)).toBe(true)
    const { stream: down } = await connection.storageVolDownload({ vol, ...whole })
    expect((await buffer(down)).equals(content)).toBe(true)
  })

  it("fail with libvirt's error in the middle, and the connection goes on", async () => {
    const { stream } = await connection.storageVolUpload({ vol, offset: 0n, length: 1_000_000n, flags: 0 })
    await expect(pipeline(Readable.from(slices(Buffer.alloc(5_000_000))), stream)).rejects.toMatchObject({
      name: "LibvirtError",
      message: expect.stringContaining("No space left on device"),
    })
    expect((await connection.connectGetType()).type).toBe("QEMU")
  })

  it("are aborted by their signal, and the connection goes on", async () => {
    const controller = new AbortController()
    const { stream } = await connection.storageVolUpload({ vol, ...whole }, { signal: controller.signal })
    const writing = pipeline(Readable.from(slices(Buffer.alloc(5_000_000))), stream)
    controller.abort()
    await expect(writing).rejects.toMatchObject({ code: "ABORTED", outcome: "unknown" })
    const { stream: again } = await connection.storageVolUpload({ vol, ...whole })
    await pipeline(Readable.from(["done"]), again)
    expect(readFileSync(join(pools, "disk"), "utf8").slice(0, 4)).toBe("done")
  })

  it("of a slow reader wait without growing, and without harm to the connection", async () => {
    truncateSync(join(pools, "disk"), 50_000_000)
    const { stream } = await connection.storageVolDownload({ vol, ...whole })
    await new Promise((resolve) => stream.once("readable", resolve))
    for (let call = 0; call < 20; call++) await connection.connectGetType()
    expect(stream.readableLength).toBeLessThan(20_000_000)
    expect((await buffer(stream)).length).toBe(statSync(join(pools, "disk")).size)
  })

  it("with holes are refused aloud", async () => {
    truncateSync(join(pools, "disk"), 0)
    truncateSync(join(pools, "disk"), 5_000_000)
    const flags = VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM
    const { stream } = await connection.storageVolDownload({ vol, offset: 0n, length: 0n, flags })
    await expect(buffer(stream)).rejects.toMatchObject({ code: "UNSUPPORTED" })
    expect((await connection.connectGetType()).type).toBe("QEMU")
  })

  it("come with a reply: a screenshot and its type", async () => {
    await withDomain("rpc-screen", async (dom) => {
      await connection.domainCreate({ dom })
      const { ret, stream } = await connection.domainScreenshot({ dom, screen: 0, flags: 0 })
      expect(ret.mime).toMatch(/^image\//)
      expect((await buffer(stream)).length).toBeGreaterThan(100)
    })
  })

  it("go both ways on a console", async () => {
    await withDomain("rpc-console", async (dom) => {
      await connection.domainCreate({ dom })
      const { stream } = await connection.domainOpenConsole({ dom, dev_name: null, flags: 0 })
      stream.write("hello\n")
      expect((await connection.connectGetType()).type).toBe("QEMU")
      stream.destroy()
      expect((await connection.connectGetType()).type).toBe("QEMU")
    })
  })
})

describe("a libvirtd that goes away", () => {
  it("that is stopped in its tracks is noticed, and the call's outcome is unknown", async () => {
    const impatient = await connect(libvirtd.uri, { keepalive: { intervalMs: 200, count: 2 } })
    const pid = processOf("libvirtd", request.dir)
    process.kill(pid, "SIGSTOP")
    try {
      await expect(impatient.connectGetHostname()).rejects.toMatchObject({ code: "KEEPALIVE", outcome: "unknown" })
    } finally {
      process.kill(pid, "SIGCONT")
    }
  })

  it("and comes back is found again before the next call", async () => {
    const own = { ...request, dir: join(dir, "second") }
    const first = await startLibvirtd(own)
    await using reconnecting = new ReconnectingConnection((signal) => connect(first.uri, { signal }))
    await reconnecting.domainDefineXmlFlags({ xml: domainXml("rpc-again"), flags: 0 })
    const events = await (await reconnecting.connection()).domainEvents(lifecycle)
    const waiting = events[Symbol.asyncIterator]()
      .next()
      .catch((error: unknown) => error)
    await first.stop()
    expect(await waiting).toMatchObject({ code: "CLOSED" })
    await expect(reconnecting.connectGetHostname()).rejects.toMatchObject({ code: "UNREACHABLE", outcome: "not-sent" })
    const second = await startLibvirtd(own)
    try {
      const { dom } = await reconnecting.domainLookupByName({ name: "rpc-again" })
      await reconnecting.domainUndefine({ dom })
    } finally {
      await reconnecting.close()
      await second.stop()
    }
  })
})

describe("over SSH", () => {
  let sshd: OwnSshd
  let uri: string
  let otherKey: string

  beforeAll(async () => {
    sshd = await startOwnSshd(join(dir, "sshd"))
    uri = `qemu+ssh://root@127.0.0.1:${sshd.port}/system?socket=${libvirtd.socket}`
    otherKey = readFileSync(join(dir, "sshd/host.pub"), "utf8").replace(/AAAAI.{10}/, (text) =>
      text.replaceAll(/.$/g, "x"),
    )
  })

  afterAll(() => sshd?.stop())

  it("libvirt is the same", async () => {
    const { hostKey, privateKey } = sshd
    await using remote = await connect(uri, { ssh: { privateKey, hostKeys: [hostKey] } })
    expect(await remote.connectGetHostname()).toEqual(await connection.connectGetHostname())
    await using events = await remote.domainEvents(lifecycle)
    await withDomain("rpc-ssh", async () => {})
    for await (const { dom } of events) {
      expect(dom.name).toBe("rpc-ssh")
      break
    }
  })

  it("one SSH connection of the caller's serves libvirt and stays open", async () => {
    const client = new Client()
    await new Promise((resolve, reject) => {
      client.once("ready", () => resolve(undefined)).once("error", reject)
      client.connect({ host: "127.0.0.1", port: sshd.port, username: "root", privateKey: sshd.privateKey })
    })
    const first = await connect(uri, { ssh: { client } })
    await first.close()
    const second = await connect(uri, { ssh: { client } })
    expect(await second.connectGetType()).toEqual({ type: "QEMU" })
    client.end()
    expect(await second.ended).toMatchObject({ code: "CLOSED" })
  })

  it("a host key that is not the pinned one is refused, with both named", async () => {
    const hostKeys = [`SHA256:${"A".repeat(43)}`]
    await expect(connect(uri, { ssh: { privateKey: sshd.privateKey, hostKeys } })).rejects.toMatchObject({
      code: "AUTHENTICATION",
      message: expect.stringMatching(/shows the host key SHA256:.* none of the pinned ones/),
    })
    await expect(connect(uri, { ssh: { privateKey: sshd.privateKey, hostKeys: [otherKey] } })).rejects.toMatchObject({
      code: "AUTHENTICATION",
    })
  })

  it("without a pin nothing is sent", async () => {
    const attempt = connect(uri, { ssh: { privateKey: sshd.privateKey, hostKeys: [] } })
    await expect(attempt).rejects.toMatchObject({ code: "INVALID_ARGUMENT" })
  })

  it("a key that the server does not know is refused", async () => {
    const privateKey = readFileSync(join(dir, "sshd/host"), "utf8")
    await expect(connect(uri, { ssh: { privateKey, hostKeys: [sshd.hostKey] } })).rejects.toMatchObject({
      code: "AUTHENTICATION",
      message: expect.stringContaining("refuses this key"),
    })
  })

  it("a socket that is not there is named", async () => {
    const nowhere = uri.replace(libvirtd.socket, "/nonexistent/libvirt-sock")
    const { hostKey, privateKey } = sshd
    await expect(connect(nowhere, { ssh: { privateKey, hostKeys: [hostKey] } })).rejects.toMatchObject({
      code: "UNREACHABLE",
      message: expect.stringContaining("/nonexistent/libvirt-sock"),
    })
  })

  it("a lost SSH server is a lost connection", async () => {
    const { hostKey, privateKey } = sshd
    const remote = await connect(uri, { ssh: { privateKey, hostKeys: [hostKey] } })
    await sshd.stop()
    expect(await remote.ended).toMatchObject({ code: "CLOSED" })
    await expect(connect(uri, { ssh: { privateKey, hostKeys: [hostKey] } })).rejects.toMatchObject({
      code: "UNREACHABLE",
    })
  })
})

describe("the README's examples", () => {
  const root = join(import.meta.dirname, "../..")
  const [first, ...others] = readDocExamples(root, ["packages/libvirt-rpc/README.md"])

  it("the first runs as it stands, and prints what it says", async () => {
    const program = first?.text.replace("qemu:///system", libvirtd.uri) ?? ""
    const lines = [...program.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, said]) => said)
    expect(lines.length).toBeGreaterThan(2)
    expect(await runHere(program)).toEqual(lines)
    expect(others.length).toBeGreaterThan(2)
  })
})

/** Runs a program from where it finds the package; gives the lines that it prints. */
async function runHere(program: string): Promise<readonly string[]> {
  const folder = join(import.meta.dirname, "../dist")
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `readme-example-${process.pid}.ts`)
  writeFileSync(file, program)
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 60_000 })
    return stdout.trimEnd().split("\n")
  } finally {
    rmSync(file)
  }
}

function* slices(content: Buffer): Generator<Buffer> {
  for (let start = 0; start < content.length; start += 1_000_000) yield content.subarray(start, start + 1_000_000)
}

/** The process of this program that names the directory in its command line. */
function processOf(program: string, directory: string): number {
  const found = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .find((pid) => {
      const [name = "", ...args] = commandLine(pid)
      return name.endsWith(program) && args.some((arg) => arg.startsWith(`${directory}/`))
    })
  if (found === undefined) throw new Error(`${program} does not run on ${directory}`)
  return Number(found)
}

function commandLine(pid: string): readonly string[] {
  try {
    return readFileSync(join("/proc", pid, "cmdline"), "utf8").split("\0")
  } catch {
    return []
  }
}
