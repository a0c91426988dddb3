import { X509Certificate } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type HypervisorHost, type NetworkSpec, type NicSpec, newCall } from "@slash64/core"
import {
  type Disturb,
  type LabHostPlan,
  type XapiLabHost,
  simulateHalf,
  startXapiLabHost,
} from "@slash64/tool-xapi-lab-host"
import { type XenserverConfig, connectHost, parseXenserverConfig } from "@slash64/xenserver"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { XapiSession } from "./xapi-client.ts"
import { makeGoldenTemplate } from "./xapi-golden.ts"

/** The verbs for networks and NICs on a pool of two whose master has an IPv6 address, by HTTPS, through its member. */
const directory = mkdtempSync(join(tmpdir(), "xenserver-"))
const account = { user: "root", password: "lab" }
const call = () => newCall({ timeoutMs: 30_000 })
const devices = ["eth0", "eth1"]
const below: LabHostPlan["below"] = async (ended) => simulateHalf(ended)
const passwordFile = join(directory, "password")

let disturb: Disturb | undefined
let pool: XapiLabHost
let plain: XapiLabHost
let xapi: XapiSession
let host: HypervisorHost
let vmId = ""

beforeAll(async () => {
  writeFileSync(passwordFile, "lab\n", { mode: 0o600 })
  pool = await startXapiLabHost({
    directory: join(directory, "pool"),
    account,
    hosts: [
      { name: "one", address: "::1", devices, below },
      { name: "two", address: "127.0.0.1", devices, below },
    ],
    tls: true,
    disturb: (method) => disturb?.(method),
  })
  plain = await startPlain()
  xapi = await XapiSession.open(plain.urls[0] ?? "", account.user, account.password)
  const { vm } = await makeGoldenTemplate(xapi)
  await xapi.call("VM.provision", vm)
  vmId = await xapi.text("VM.get_uuid", vm)
  host = await connectHost(configOf(plain.urls[0] ?? ""), call())
})
afterEach(() => (disturb = undefined))
afterAll(async () => {
  await host.close()
  await Promise.all([pool.close(), plain.close()])
  rmSync(directory, { recursive: true })
})

function configOf(url: string, certificates: readonly string[] = []): XenserverConfig {
  return parseXenserverConfig({ url, user: "root", password: `file:${passwordFile}`, certificates })
}

function pins(): readonly string[] {
  return pool.certificates.map((pem) => {
    return `sha256:${new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase()}`
  })
}

/** Lets one call of this name act and go unanswered. */
function loseReplyOf(name: string): () => boolean {
  let lost = false
  disturb = (method) => {
    if (method !== name || lost) return undefined
    lost = true
    return { kind: "close-after" }
  }
  return () => lost
}

/** Every session ends with the toolstack. */
async function restartPlain(): Promise<void> {
  const { port } = plain
  await plain.close()
  plain = await startPlain(port)
}

function startPlain(port?: number): Promise<XapiLabHost> {
  return startXapiLabHost({
    directory: join(directory, "plain"),
    account,
    hosts: [{ name: "one", address: "127.0.0.1", devices, below }],
    disturb: (method) => disturb?.(method),
    ...(port !== undefined && { port }),
  })
}

function ensureBad(attachment: NetworkSpec["attachment"], mtu = 1500) {
  return host.ensureNetwork({ id: "bad-net", attachment, mtu }, call())
}

async function refusal(nic: NicSpec): Promise<unknown> {
  return host.attachNic(nic, call()).catch((error: unknown) => error)
}

async function vifs(): Promise<readonly unknown[]> {
  const refs = await xapi.texts("VM.get_VIFs", await xapi.text("VM.get_by_uuid", vmId))
  return Promise.all(refs.map((ref) => xapi.call("VIF.get_record", ref)))
}

const vlan: NetworkSpec = { id: "vlan-net", attachment: { kind: "vlan", uplink: "eth1", vlan: 100 }, mtu: 1500 }

function nicSpec(networkId: string, id = "nic-1", mac = "02:00:5e:00:00:01"): NicSpec {
  return { id, vmId, networkId, mac, addresses: ["2001:db8::10"], portSecurity: true }
}

describe("a pool behind HTTPS", () => {
  it("is reached through a member, which names a master with an IPv6 address", async () => {
    const member = await connectHost(configOf(pool.urls[1] ?? "", pins()), call())
    const { hypervisor, capabilities } = await member.describeHost(call())
    expect(hypervisor).toBe("XCP-ng 8.3.0")
    expect(capabilities).toMatchObject({ attachments: ["isolated", "bridge", "vlan"], portSecurity: true })
    expect(await member.ensureNetwork(vlan, call())).toMatchObject({ ...vlan, bridge: expect.stringMatching(/^s64/) })
    await member.removeNetwork(vlan.id, call())
    expect(await member.listNetworks(call())).toEqual([])
    await member.close()
    await member.close()
  })

  it("gets no password when its certificate is not the pinned one, of a master that is named either", async () => {
    const [master = "", member = ""] = pins()
    const none = `sha256:${"0".repeat(64)}`
    const refused = { code: "UNAUTHENTICATED", field: "certificates" }
    const [first = "", second = ""] = pool.urls
    await expect(connectHost(configOf(first, [none]), call())).rejects.toMatchObject({ ...refused, value: master })
    await expect(connectHost(configOf(second, [member]), call())).rejects.toMatchObject({ ...refused, value: master })
  })

  it("says in typed errors that it is not there, or refuses", async () => {
    const wrong = { ...configOf(plain.urls[0] ?? ""), password: "env:SLASH64_TEST_WRONG" }
    process.env["SLASH64_TEST_WRONG"] = "wrong"
    await expect(connectHost(wrong, call())).rejects.toMatchObject({ code: "UNAUTHENTICATED" })
    await expect(connectHost(configOf("http://127.0.0.1:9"), call())).rejects.toMatchObject({ code: "UNAVAILABLE" })
  })
})

describe("networks on a pool", () => {
  it("are made once, whoever asks and how often, and listed as they were asked for", async () => {
    const isolated: NetworkSpec = { id: "isolated-net", attachment: { kind: "isolated" }, mtu: 1400 }
    const shared: NetworkSpec = { id: "shared-net", attachment: { kind: "bridge", bridge: "xenbr0" }, mtu: 1500 }
    const other = await connectHost(configOf(plain.urls[0] ?? ""), call())
    const specs = [isolated, shared, vlan]
    const asked = specs.flatMap((spec) => [host, other, host].map((one) => one.ensureNetwork(spec, call())))
    const made = await Promise.all(asked)
    await other.close()
    expect(made.map(({ id }) => id)).toEqual(specs.flatMap(({ id }) => [id, id, id]))
    const listed = await host.listNetworks(call())
    expect(listed.toSorted((one, two) => (one.id < two.id ? -1 : 1))).toEqual([made[0], made[3], made[6]])
    expect(await xapi.texts("VLAN.get_all")).toHaveLength(1)
    await expect(host.ensureNetwork({ ...isolated, mtu: 1500 }, call())).rejects.toMatchObject({
      code: "ALREADY_EXISTS",
    })
    for (const { id } of specs) await host.removeNetwork(id, call())
    for (const { id } of specs) await host.removeNetwork(id, call())
    expect(await host.listNetworks(call())).toEqual([])
    expect(await xapi.texts("network.get_by_name_label", "Pool-wide network associated with eth0")).toHaveLength(1)
  })

  it("are refused on what is not there or too narrow, and leave nothing", async () => {
    const count = (await xapi.texts("network.get_all")).length
    await expect(ensureBad({ kind: "vlan", uplink: "eth7", vlan: 5 })).rejects.toMatchObject({ code: "NOT_FOUND" })
    await expect(ensureBad({ kind: "vlan", uplink: "eth1", vlan: 0 })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    })
    await expect(ensureBad({ kind: "vlan", uplink: "eth1", vlan: 5 }, 9000)).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      field: "network.mtu",
    })
    await expect(ensureBad({ kind: "bridge", bridge: "none0" })).rejects.toMatchObject({ code: "NOT_FOUND" })
    await expect(ensureBad({ kind: "openvswitch", bridge: "xenbr0" })).rejects.toMatchObject({ code: "UNIMPLEMENTED" })
    expect(await xapi.texts("network.get_all")).toHaveLength(count)
  })

  it("with a VLAN that somebody else has are refused, and leave nothing", async () => {
    const foreign = await xapi.text("network.create", { name_label: "foreign", other_config: {}, bridge: "foreign0" })
    const pifs = await xapi.texts("PIF.get_all")
    const names = await Promise.all(pifs.map((pif) => xapi.text("PIF.get_device", pif)))
    await xapi.call("pool.create_VLAN_from_PIF", pifs[names.indexOf("eth1")], foreign, 100)
    await expect(host.ensureNetwork(vlan, call())).rejects.toMatchObject({ code: "ALREADY_EXISTS" })
    expect(await host.listNetworks(call())).toEqual([])
    for (const each of await xapi.texts("VLAN.get_all")) await xapi.call("VLAN.destroy", each)
    await xapi.call("network.destroy", foreign)
  })

  it.each(["network.create", "pool.create_VLAN_from_PIF", "VLAN.destroy", "network.destroy"])(
    "are one after a lost reply to %s and a repeat",
    async (method) => {
      const wasLost = loseReplyOf(method)
      const road = async () => {
        await host.ensureNetwork(vlan, call())
        expect(await xapi.texts("VLAN.get_all")).toHaveLength(1)
        await host.removeNetwork(vlan.id, call())
      }
      await expect(road()).rejects.toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" })
      expect(wasLost()).toBe(true)
      await road()
      expect(await host.listNetworks(call())).toEqual([])
      expect(await xapi.texts("VLAN.get_all")).toEqual([])
    },
  )
})

describe("NICs on a pool", () => {
  it("of a halted VM are there once, locked to their addresses, and follow a change of these", async () => {
    const { id } = await host.ensureNetwork(vlan, call())
    const nic = nicSpec(id)
    const made = await Promise.all([1, 2, 3].map(() => host.attachNic(nic, call())))
    const wanted = { id: nic.id, vmId, networkId: id, mac: nic.mac, live: false, persistent: true }
    expect(made).toEqual([wanted, wanted, wanted])
    const linkLocal = "fe80::5eff:fe00:1"
    expect(await vifs()).toMatchObject([
      { locking_mode: "locked", ipv6_allowed: ["2001:db8::10", linkLocal], MTU: 1500 },
    ])
    await host.attachNic({ ...nic, addresses: ["2001:db8::20", "10.0.0.2"] }, call())
    expect(await vifs()).toMatchObject([{ ipv6_allowed: ["2001:db8::20", linkLocal], ipv4_allowed: ["10.0.0.2"] }])
    await host.attachNic({ ...nic, portSecurity: false }, call())
    expect(await vifs()).toMatchObject([{ locking_mode: "unlocked" }])
    expect(await host.listNics(call())).toEqual([wanted])
    await expect(host.removeNetwork(id, call())).rejects.toMatchObject({ code: "FAILED_PRECONDITION" })
    await host.detachNic(nic, call())
    await host.detachNic(nic, call())
    expect(await vifs()).toEqual([])
    await host.removeNetwork(id, call())
  })

  it("are refused with another MAC, a MAC that is taken, a multicast one, and on a VM that is not there", async () => {
    const { id } = await host.ensureNetwork(vlan, call())
    const nic = nicSpec(id)
    await host.attachNic(nic, call())
    expect(await refusal({ ...nic, mac: "02:00:5e:00:00:09" })).toMatchObject({
      code: "ALREADY_EXISTS",
      field: "nic.id",
    })
    expect(await refusal({ ...nic, id: "nic-2" })).toMatchObject({ code: "ALREADY_EXISTS", field: "nic.mac" })
    expect(await refusal({ ...nic, id: "nic-2", mac: "01:00:5e:00:00:09" })).toMatchObject({ code: "INVALID_ARGUMENT" })
    const absent = "00000000-0000-4000-8000-00000000dead"
    expect(await refusal({ ...nic, id: "nic-2", vmId: absent })).toMatchObject({ code: "NOT_FOUND", field: "vmId" })
    expect(await refusal({ ...nicSpec("no-net", "nic-2") })).toMatchObject({ code: "NOT_FOUND", field: "networkId" })
    expect(await vifs()).toHaveLength(1)
    await host.detachNic(nic, call())
    await host.detachNic({ id: nic.id, vmId: absent }, call())
    await host.removeNetwork(id, call())
  })

  it.each(["VIF.create", "VIF.destroy"])("are one after a lost reply to %s and a repeat", async (method) => {
    const { id } = await host.ensureNetwork(vlan, call())
    const wasLost = loseReplyOf(method)
    const road = async () => {
      await host.attachNic(nicSpec(id), call())
      expect(await vifs()).toHaveLength(1)
      await host.detachNic(nicSpec(id), call())
    }
    await expect(road()).rejects.toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" })
    expect(wasLost()).toBe(true)
    await road()
    expect(await vifs()).toEqual([])
    await host.removeNetwork(id, call())
  })

  it("of a running guest without drivers are not live before its next start", async () => {
    const { id } = await host.ensureNetwork(vlan, call())
    const vm = await xapi.text("VM.get_by_uuid", vmId)
    await xapi.call("VM.start", vm, false, false)
    expect(await host.attachNic(nicSpec(id), call())).toMatchObject({ live: false, persistent: true })
    await xapi.call("VM.hard_shutdown", vm)
    await xapi.call("VM.start", vm, false, false)
    const [nic] = await host.listNics(call())
    expect(nic).toMatchObject({ live: true, port: expect.stringMatching(/^vif\d+\.0$/) })
    await expect(host.detachNic(nicSpec(id), call())).rejects.toMatchObject({ code: "FAILED_PRECONDITION" })
    await xapi.call("VM.hard_shutdown", vm)
    await host.detachNic(nicSpec(id), call())
    await host.removeNetwork(id, call())
  })
})

describe("a connection to a pool", () => {
  it("asks a read again that was closed without an answer, and logs in again when its session is gone", async () => {
    let closed = 0
    disturb = (method) => (method === "network.get_all_records" && closed++ < 2 ? { kind: "close-unheard" } : undefined)
    expect(await host.listNetworks(call())).toEqual([])
    expect(closed).toBe(3)
    disturb = undefined
    await restartPlain()
    expect(await host.listNetworks(call())).toEqual([])
  })

  it("is UNAVAILABLE and unknown when a change is not answered, and CANCELLED when the caller leaves", async () => {
    disturb = (method) => (method === "network.create" ? { kind: "close-unheard" } : undefined)
    await expect(host.ensureNetwork(vlan, call())).rejects.toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" })
    disturb = () => ({ kind: "delay", ms: 500 })
    const leaving = newCall({ signal: AbortSignal.abort() })
    await expect(host.listNetworks(leaving)).rejects.toMatchObject({ code: "CANCELLED" })
    const late = newCall({ timeoutMs: 50 })
    await expect(host.listNetworks(late)).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" })
  })
})
