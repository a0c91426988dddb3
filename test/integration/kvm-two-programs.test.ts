import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { type NetworkSpec, type RouterSpec, newCall } from "@slash64/core"
import { type KvmHost, connectHost, parseKvmConfig } from "@slash64/kvm"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type KvmGround, startKvmGround } from "./kvm-ground.ts"

let ground: KvmGround
let hosts: readonly KvmHost[]
const call = () => newCall({ timeoutMs: 60_000 })
const network: NetworkSpec = { id: "two-net", attachment: { kind: "isolated" }, mtu: 1500 }

beforeAll(async () => {
  ground = await startKvmGround()
  const config = parseKvmConfig(ground.config)
  // Each has a connection and a queue of its own, as in two processes.
  hosts = await Promise.all([connectHost(config, call()), connectHost(config, call()), connectHost(config, call())])
})
afterAll(async () => {
  await Promise.all(hosts.map((host) => host.close()))
  await ground.stop()
})

/** The same verb from every program at once; all must give the same answer, which is given. */
async function atOnce<Answer>(verb: (host: KvmHost) => Promise<Answer>): Promise<Answer | undefined> {
  const [first, ...others] = await Promise.all(hosts.map(verb))
  for (const other of others) expect(other).toEqual(first)
  return first
}

describe("programs that do the same at once", () => {
  it("make one network, one NIC, one template, one router, and take them away", async () => {
    await atOnce((host) => host.ensureNetwork(network, call()))
    const vmId = ground.defineHalted()
    const nic = {
      id: "two-nic",
      vmId,
      networkId: "two-net",
      mac: "02:00:5e:14:00:01",
      addresses: [],
      portSecurity: false,
    }
    expect(await atOnce((host) => host.attachNic(nic, call()))).toMatchObject({ persistent: true })
    expect(await atOnce((host) => host.listNics(call()))).toHaveLength(1)
    await atOnce((host) => host.ensureTemplate(ground.template, call()))
    expect(readdirSync(ground.config.storage)).toHaveLength(2)
    const router = routerOn("two-router")
    expect(await atOnce((host) => host.ensureRouter(router, call()))).toMatchObject({ running: true })
    expect(await atOnce((host) => host.listRouters(call()))).toHaveLength(1)
    await atOnce((host) => host.removeRouter(router.id, call()))
    await atOnce((host) => host.detachNic(nic, call()))
    await atOnce((host) => host.removeNetwork("two-net", call()))
    await atOnce((host) => host.removeTemplate(ground.template.digest, call()))
    expect(ground.virsh("net-list", "--all", "--name").trim()).toBe("")
    expect(ground.virsh("pool-list", "--all", "--name").trim()).toBe("")
    expect(ground.virsh("list", "--all", "--name").trim()).toMatch(/^halted-/)
  })
})

describe("a verb that was cut off", () => {
  it("is completed by the next call, and what it left is listed meanwhile", async () => {
    const [host] = hosts
    if (host === undefined) throw new Error("no host")
    await host.ensureNetwork(network, call())
    await host.ensureTemplate(ground.template, call())
    const router = routerOn("cut-router")
    const cancel = new AbortController()
    const cut = newCall({ signal: cancel.signal, report: ({ step }) => step === "starting router" && cancel.abort() })
    await expect(host.ensureRouter(router, cut)).rejects.toThrow(expect.objectContaining({ code: "CANCELLED" }))
    expect((await host.ensureRouter(router, call())).running).toBe(true)
    await host.removeRouter(router.id, call())
    await host.removeNetwork("two-net", call())
    await host.removeTemplate(ground.template.digest, call())
  })

  it("by a full disk is RESOURCE_EXHAUSTED, and leaves nothing", async () => {
    const storage = join(ground.dir, "small/slash64")
    mkdirSync(join(ground.dir, "small"))
    const namespace = ["--mount", "--root", "--target", String(ground.libvirtd.pid)]
    execFileSync("nsenter", [...namespace, "mount", "-t", "tmpfs", "-o", "size=1m", "none", join(ground.dir, "small")])
    const host = await connectHost(parseKvmConfig({ ...ground.config, storage }), call())
    await expect(host.ensureTemplate(ground.template, call())).rejects.toThrow(
      expect.objectContaining({ code: "RESOURCE_EXHAUSTED" }),
    )
    expect(await host.listTemplates(call())).toEqual([])
    const seen = execFileSync("nsenter", [...namespace, "ls", storage], { encoding: "utf8" })
    expect(seen).toBe("")
    await host.removeTemplate(ground.template.digest, call())
    await host.close()
  })
})

function routerOn(id: string): RouterSpec {
  const seed = Buffer.alloc(512).toString("base64")
  const { digest: templateDigest } = ground.template
  const nics = [{ networkId: "two-net", mac: "02:00:5e:14:00:02" }]
  return { id, templateDigest, vcpus: 1, memoryMiB: 64, seed, controlMac: "02:00:5e:14:00:03", nics }
}
