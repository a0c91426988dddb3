import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { newCall, type NetworkSpec, type NicSpec } from "@slash64/core"
import { type KvmHost, connectHost, parseKvmConfig } from "@slash64/kvm"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type KvmGround, startKvmGround } from "./kvm-ground.ts"

const call = () => newCall({ timeoutMs: 60_000 })
const network: NetworkSpec = { id: `lost-${process.pid}`, attachment: { kind: "isolated" }, mtu: 1400 }
const [nicMac, routerMac, controlMac] = ["02:00:5e:12:00:01", "02:00:5e:12:00:02", "02:00:5e:12:00:03"]

/** A network that is stopped takes its bridge from VMs that run, and starting it gives none back. */
describe("a network that somebody stopped while VMs run on it", () => {
  let ground: KvmGround
  let host: KvmHost
  let vmId: string
  let nic: NicSpec
  let bridge: string
  beforeAll(async () => {
    ground = await startKvmGround()
    host = await connectHost(parseKvmConfig(ground.config), call())
    bridge = (await host.ensureNetwork(network, call())).bridge
    await host.ensureTemplate(ground.template, call())
    vmId = await ground.startGuest()
    nic = { id: "web1-0", vmId, networkId: network.id, mac: nicMac, addresses: [], portSecurity: false }
    await host.attachNic(nic, call())
    await host.ensureRouter(
      {
        id: `lost-${process.pid}`,
        templateDigest: ground.template.digest,
        vcpus: 1,
        memoryMiB: 64,
        seed: Buffer.alloc(1024).toString("base64"),
        controlMac,
        nics: [{ networkId: network.id, mac: routerMac }],
      },
      call(),
    )
  })
  afterAll(async () => {
    await host?.close()
    await ground?.stop()
  })

  it("is down as long as a port is on no bridge, and mended with every port, the router's control port too", async () => {
    const networks = ground
      .virsh("net-list", "--name")
      .trim()
      .split("\n")
      .map((name) => name.trim())
    const control = networks.find((name) => name !== bridge) ?? ""
    const before = mastersOf(ground)
    expect(before).toEqual({ [nicMac]: bridge, [routerMac]: bridge, [controlMac]: control })
    const [nics, document] = [await host.listNics(call()), liveNic()]
    expect(await listed()).not.toHaveProperty("down")

    for (const name of networks) {
      ground.virsh("net-destroy", name)
      expect(await listed()).toMatchObject({ down: true })
      ground.virsh("net-start", name)
      expect(await listed()).toMatchObject({ down: true })
    }
    expect(mastersOf(ground)).toEqual({ [nicMac]: undefined, [routerMac]: undefined, [controlMac]: undefined })

    await host.ensureNetwork(network, call())

    expect(mastersOf(ground)).toEqual(before)
    expect(await listed()).not.toHaveProperty("down")
    expect(await host.listNics(call())).toEqual(nics)
    expect(liveNic()).toBe(document)
  })

  it("has its ports back after it was taken away wholly", async () => {
    const before = mastersOf(ground)
    for (const verb of ["net-destroy", "net-undefine"]) ground.virsh(verb, bridge)
    await host.ensureNetwork(network, call())
    expect(mastersOf(ground)).toEqual(before)
  })

  it("is mended where that was cut off half way", async () => {
    const [before, nics] = [mastersOf(ground), await host.listNics(call())]
    const file = join(ground.dir, "half.xml")
    const halfWay = liveNic()
      .replace("type='network'", "type='bridge'")
      .replace(/<source [^>]*>/, `<source bridge='${bridge}'/>`)
    writeFileSync(file, halfWay)
    ground.virsh("update-device", vmId, file, "--live")
    expect(liveNic()).toContain("type='bridge'")
    expect(await host.listNics(call())).toEqual(nics)
    expect(await host.attachNic(nic, call())).toMatchObject({ live: true })
    expect(await listed()).toMatchObject({ down: true })

    await host.ensureNetwork(network, call())

    expect(liveNic()).toContain("type='network'")
    expect(mastersOf(ground)).toEqual(before)
    expect(await listed()).not.toHaveProperty("down")
  })

  it("leaves the port of a VM that is not ours as it is", async () => {
    const file = join(ground.dir, "foreign.xml")
    writeFileSync(file, `<interface type="network"><source network="${bridge}"/><model type="virtio"/></interface>`)
    const other = await ground.startGuest()
    ground.virsh("attach-device", other, file, "--live")
    const mac = /<mac address='([^']+)'/.exec(ground.virsh("dumpxml", other))?.[1] ?? ""
    const before = mastersOf(ground)
    ground.virsh("net-destroy", bridge)
    ground.virsh("net-start", bridge)
    await host.ensureNetwork(network, call())
    expect(mastersOf(ground)).toEqual({ ...before, [mac]: undefined })
    expect(await listed()).not.toHaveProperty("down")
  })

  async function listed() {
    return (await host.listNetworks(call())).find(({ id }) => id === network.id)
  }

  /** Without libvirt's id of the port, which is another behind it. */
  function liveNic(): string {
    const document = ground.virsh("dumpxml", vmId)
    const devices = [...document.matchAll(/<interface .*?<\/interface>/gs)].map(([text]) => text)
    return (devices.find((text) => text.includes(nicMac)) ?? "").replace(/ portid='[^']*'/, "")
  }
})

/** Of every port of a running VM, by its MAC: the bridge that the kernel has it on. */
function mastersOf(ground: KvmGround): Record<string, string | undefined> {
  const links: readonly { readonly ifname: string; readonly master?: string }[] = JSON.parse(
    execFileSync("ip", ["-json", "link"], { encoding: "utf8" }),
  )
  const documents = ground
    .virsh("list", "--uuid")
    .trim()
    .split("\n")
    .map((uuid) => ground.virsh("dumpxml", uuid))
  const devices = documents.flatMap((document) => document.match(/<interface .*?<\/interface>/gs) ?? [])
  return Object.fromEntries(
    devices.map((text) => {
      const [mac, device] = [/<mac address='([^']+)'/, /<target dev='([^']+)'/].map((one) => one.exec(text)?.[1] ?? "")
      return [mac, links.find(({ ifname }) => ifname === device)?.master]
    }),
  )
}
