import { execFileSync } from "node:child_process"
import { randomUUID } from "node:crypto"
import { readFileSync, readdirSync, utimesSync, writeFileSync } from "node:fs"
import { createServer, connect as connectSocket, type Server, type Socket } from "node:net"
import { join } from "node:path"
import { type HostEvent, type NetworkSpec, type NicSpec, type RouterSpec, newCall } from "@slash64/core"
import { type KvmHost, connectHost, parseKvmConfig } from "@slash64/kvm"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { type KvmGround, startKvmGround } from "./kvm-ground.ts"

let ground: KvmGround
let host: KvmHost
let count = 0
const call = (timeoutMs = 60_000) => newCall({ timeoutMs })
const refusal = (code: string, more = {}) => expect.objectContaining({ code, ...more })

beforeAll(async () => {
  ground = await startKvmGround()
  host = await connectHost(parseKvmConfig(ground.config), call())
})
afterAll(async () => {
  await host.close()
  await ground.stop()
})

function freshId(): string {
  return `test-${process.pid}-${++count}`
}

function freshMac(): string {
  return `02:00:5e:11:00:${(++count).toString(16).padStart(2, "0")}`
}

async function network(): Promise<NetworkSpec> {
  const spec: NetworkSpec = { id: freshId(), attachment: { kind: "isolated" }, mtu: 1400 }
  await host.ensureNetwork(spec, call())
  return spec
}

function nicOn(networkId: string, vmId: string): NicSpec {
  return { id: freshId(), vmId, networkId, mac: freshMac(), addresses: [], portSecurity: false }
}

function routerOn(networkId: string): RouterSpec {
  const seed = Buffer.alloc(1024, "seed").toString("base64")
  const { digest: templateDigest } = ground.template
  const nics = [{ networkId, mac: freshMac() }]
  return { id: freshId(), templateDigest, vcpus: 1, memoryMiB: 64, seed, controlMac: freshMac(), nics }
}

describe("NICs", () => {
  it("are plugged into a transient VM live only, and the answer says so", async () => {
    const { id: networkId } = await network()
    const vmId = await ground.startGuest({ transient: true })
    const nic = nicOn(networkId, vmId)
    expect(await host.attachNic(nic, call())).toMatchObject({ live: true, persistent: false, port: expect.anything() })
    await host.detachNic(nic, call())
    expect((await host.listNics(call())).filter(({ vmId: on }) => on === vmId)).toEqual([])
    ground.virsh("destroy", vmId)
    await host.removeNetwork(networkId, call())
  })

  it("are known when a server wrote them into its own domain, and plugged no second time", async () => {
    const { id: networkId } = await network()
    const nic = nicOn(networkId, randomUUID())
    const device = await host.interfaceXml(nic, call())
    const file = join(ground.dir, "own.xml")
    const machine = `<memory unit="MiB">64</memory><os><type arch="x86_64" machine="pc">hvm</type></os><features><acpi/></features>`
    const name = `it's <own> & "name" $(id) %s`
    const escaped = name.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    const domain = `<domain type="qemu"><name>${escaped}</name><uuid>${nic.vmId}</uuid>${machine}<devices>${device}</devices></domain>`
    writeFileSync(file, domain)
    ground.virsh("define", file)
    const known = { id: nic.id, vmId: nic.vmId, networkId, mac: nic.mac, live: false, persistent: true }
    expect((await host.listNics(call())).filter(({ id }) => id === nic.id)).toEqual([known])
    expect(await host.attachNic(nic, call())).toEqual(known)
    expect((await host.findVmsByName(name, call())).map(({ id }) => id)).toEqual([nic.vmId])
    await host.detachNic(nic, call())
    expect(await host.listNics(call())).not.toContainEqual(known)
    ground.virsh("undefine", nic.vmId)
    await host.removeNetwork(networkId, call())
  })

  it("that a guest does not give up are a typed error, and are gone after the VM's next stop", async () => {
    const { id: networkId } = await network()
    const vmId = ground.defineHalted()
    ground.virsh("start", vmId)
    const nic = nicOn(networkId, vmId)
    await host.attachNic(nic, call())
    await expect(host.detachNic(nic, call(1_500))).rejects.toThrow(
      refusal("DEADLINE_EXCEEDED", { field: "nic.id", message: expect.stringContaining("did not give") }),
    )
    expect((await host.listNics(call())).find(({ id }) => id === nic.id)).toMatchObject({
      live: true,
      persistent: false,
    })
    const again = host.detachNic(nic, call())
    ground.virsh("destroy", vmId)
    await again
    ground.virsh("undefine", vmId)
    await host.removeNetwork(networkId, call())
  })

  it("leave a MAC that a NIC of somebody else has in the VM", async () => {
    const { id: networkId } = await network()
    const vmId = ground.defineHalted()
    const nic = nicOn(networkId, vmId)
    ground.virsh("attach-interface", vmId, "network", "nobodys", "--mac", nic.mac, "--config")
    await expect(host.attachNic(nic, call())).rejects.toThrow(refusal("ALREADY_EXISTS", { field: "nic.mac" }))
    ground.virsh("undefine", vmId)
    await host.removeNetwork(networkId, call())
  })
})

describe("what is not ours", () => {
  it("is neither taken, nor changed, nor removed, whatever its name", async () => {
    const id = freshId()
    const { bridge } = await host.ensureNetwork({ id, attachment: { kind: "isolated" }, mtu: 1500 }, call())
    await host.removeNetwork(id, call())
    const file = join(ground.dir, "foreign.xml")
    writeFileSync(file, `<network><name>${bridge}</name><bridge name="${bridge}"/></network>`)
    ground.virsh("net-define", file)
    const before = ground.virsh("net-dumpxml", bridge)
    const spec: NetworkSpec = { id, attachment: { kind: "isolated" }, mtu: 1500 }
    await expect(host.ensureNetwork(spec, call())).rejects.toThrow(refusal("ALREADY_EXISTS"))
    await host.removeNetwork(id, call())
    expect(await host.listNetworks(call())).not.toContainEqual(expect.objectContaining({ id }))
    expect(ground.virsh("net-dumpxml", bridge)).toBe(before)
    ground.virsh("net-undefine", bridge)
  })

  it("is a domain with a router's name", async () => {
    await host.ensureTemplate(ground.template, call())
    const { id: networkId } = await network()
    const router = routerOn(networkId)
    await host.ensureRouter(router, call())
    const name =
      ground
        .virsh("list", "--name")
        .split("\n")
        .find((line) => line.startsWith("slash64-router-")) ?? ""
    await host.removeRouter(router.id, call())
    const uuid = ground.defineHalted(name)
    await expect(host.ensureRouter(router, call())).rejects.toThrow(refusal("ALREADY_EXISTS", { field: "router.id" }))
    await host.removeRouter(router.id, call())
    expect(await host.findRouter(router.id, call())).toBeUndefined()
    expect(ground.virsh("domuuid", name).trim()).toBe(uuid)
    ground.virsh("undefine", uuid)
    await host.removeNetwork(networkId, call())
  })

  it("is a port on our bridge that libvirt does not know of", async () => {
    const spec = await network()
    const found = (await host.listNetworks(call())).find(({ id }) => id === spec.id)
    const tap = `s64p${process.pid}`.slice(0, 15)
    ip("tuntap", "add", "dev", tap, "mode", "tap")
    ip("link", "set", "dev", tap, "master", found?.bridge ?? "")
    await expect(host.removeNetwork(spec.id, call())).rejects.toThrow(
      refusal("FAILED_PRECONDITION", { message: expect.stringContaining(tap) }),
    )
    ip("link", "delete", "dev", tap)
    await host.removeNetwork(spec.id, call())
  })
})

describe("templates", () => {
  it("whose upload was cut off are no templates, leave nothing, and are uploaded again", async () => {
    const { template } = ground
    const images = () => readdirSync(ground.config.storage).filter((name) => name.includes(template.digest.slice(7)))
    await host.removeTemplate(template.digest, call())
    const cancel = new AbortController()
    const cut = newCall({ signal: cancel.signal, report: ({ step }) => step.startsWith("uploading") && cancel.abort() })
    await expect(host.ensureTemplate(template, cut)).rejects.toThrow(refusal("CANCELLED"))
    expect(await host.listTemplates(call())).toEqual([])
    await host.ensureTemplate(template, call())
    expect(images()).toHaveLength(2)
  })

  it("whose uploader was killed are cleared away by the next upload", async () => {
    const { template } = ground
    await host.ensureTemplate(template, call())
    const marker = `template-${template.digest.slice(7)}.json`
    const image = readdirSync(ground.config.storage).find((name) => name.endsWith(".img")) ?? ""
    ground.virsh("vol-delete", "--pool", poolName(), marker)
    const longAgo = new Date(Date.now() - 3_600_000)
    utimesSync(join(ground.config.storage, image), longAgo, longAgo)
    expect(await host.listTemplates(call())).toEqual([])
    await host.ensureTemplate(template, call())
    expect(readdirSync(ground.config.storage)).not.toContain(image)
    expect(await host.listTemplates(call())).toHaveLength(1)
  })

  it("tell how far the upload is", async () => {
    const { template } = ground
    await host.removeTemplate(template.digest, call())
    const seen: number[] = []
    const told = newCall({ report: ({ step, done }) => step.startsWith("uploading") && seen.push(done ?? -1) })
    await host.ensureTemplate(template, told)
    expect(seen).toEqual(seen.toSorted((one, other) => one - other))
    expect(seen.at(-1)).toBe(3 * 1024 * 1024 + 512)
  })
})

describe("routers", () => {
  it("that were switched off are started again on the same disk", async () => {
    await host.ensureTemplate(ground.template, call())
    const { id: networkId } = await network()
    const router = routerOn(networkId)
    await host.ensureRouter(router, call())
    const { id: vmId } = (await host.findVmsByName(routerDomain(), call()))[0] ?? { id: "" }
    ground.virsh("destroy", vmId)
    expect((await host.findRouter(router.id, call()))?.running).toBe(false)
    await expect(host.openRouterStream(router.id, call())).rejects.toThrow(refusal("UNAVAILABLE"))
    const disk = readdirSync(ground.config.storage).find((name) => name.endsWith(".qcow2")) ?? ""
    writeFileSync(join(ground.config.storage, `${disk}.kept`), "")
    expect((await host.ensureRouter(router, call())).running).toBe(true)
    const seedDisk = readdirSync(ground.config.storage).find((name) => name.endsWith("-seed.img")) ?? ""
    const seed = readFileSync(join(ground.config.storage, seedDisk))
    ground.virsh("destroy", vmId)
    const other = { ...router, vcpus: 2, seed: Buffer.alloc(512, "other").toString("base64") }
    expect((await host.ensureRouter(other, call())).running).toBe(true)
    expect(readFileSync(join(ground.config.storage, seedDisk))).toEqual(seed)
    expect(ground.virsh("dumpxml", vmId)).toContain("<vcpu placement='static'>1</vcpu>")
    await host.removeRouter(router.id, call())
    expect(readdirSync(ground.config.storage).filter((name) => name.startsWith("slash64-router"))).toEqual([
      `${disk}.kept`,
    ])
    await host.removeNetwork(networkId, call())
  })

  it("keep a control address of the host's range only", async () => {
    await host.ensureTemplate(ground.template, call())
    const { id: networkId } = await network()
    const router = { ...routerOn(networkId), controlAddress: "192.0.2.9/24" }
    await expect(host.ensureRouter(router, call())).rejects.toThrow(
      refusal("INVALID_ARGUMENT", { field: "router.controlAddress" }),
    )
    await host.removeNetwork(networkId, call())
  })
})

describe("watch", () => {
  it("tells what happens to VMs and NICs until it is aborted", async () => {
    const { id: networkId } = await network()
    const vmId = await ground.startGuest()
    const nic = nicOn(networkId, vmId)
    await host.attachNic(nic, call())
    const stop = new AbortController()
    const seen: HostEvent[] = []
    const events = host.watch?.(newCall({ signal: stop.signal }))
    const reading = (async () => {
      for await (const event of events ?? []) if (seen.push(event) === 4) stop.abort()
    })()
    // The subscription is in place when a call on the same connection after it is answered.
    await host.listNics(call())
    await host.detachNic(nic, call())
    ground.virsh("destroy", vmId)
    ground.virsh("start", vmId)
    ground.virsh("destroy", vmId)
    ground.virsh("undefine", vmId)
    await reading
    expect(seen).toEqual([
      { kind: "nic-unplugged", vmId, nicId: nic.id },
      { kind: "vm-stopped", vmId },
      { kind: "vm-started", vmId },
      { kind: "vm-stopped", vmId },
    ])
    await host.removeNetwork(networkId, call())
  })
})

describe("the connection", () => {
  it("is made again after it broke, and is UNAVAILABLE while libvirt is away", async () => {
    const wire = await cuttable(ground.libvirtd.socket, join(ground.dir, "wire"))
    const far = await connectHost({ ...ground.config, uri: `qemu:///system?socket=${wire.path}` }, call())
    await far.listNetworks(call())
    wire.cut()
    // The first call may still meet the end of the old connection.
    await vi.waitFor(() => far.listNetworks(call()), { timeout: 5_000 })
    await wire.close()
    await expect(far.listNetworks(call())).rejects.toThrow(
      refusal("UNAVAILABLE", { hint: expect.stringContaining("libvirtd") }),
    )
    await far.close()
    await far.close()
  })

  it("is UNAVAILABLE where no libvirt is", async () => {
    const config = parseKvmConfig({ uri: `qemu:///system?socket=${ground.dir}/nothing` })
    await expect(connectHost(config, call())).rejects.toThrow(refusal("UNAVAILABLE"))
  })
})

function poolName(): string {
  return ground.virsh("pool-list", "--name").trim()
}

function routerDomain(): string {
  return (
    ground
      .virsh("list", "--name")
      .split("\n")
      .find((line) => line.startsWith("slash64-router-")) ?? ""
  )
}

interface Wire {
  readonly path: string
  cut(): void
  close(): Promise<void>
}

/** A socket that leads to another one until it is cut. */
async function cuttable(target: string, path: string): Promise<Wire> {
  const open = new Set<Socket>()
  const server: Server = createServer((near) => {
    const far = connectSocket(target)
    for (const end of [near, far]) {
      open.add(end)
      end.on("error", () => {}).on("close", () => open.delete(end))
    }
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const cut = (): void => {
    for (const end of open) end.destroy()
  }
  return {
    path,
    cut,
    close: () => {
      cut()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args)
}
