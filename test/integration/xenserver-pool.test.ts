import { X509Certificate } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type HypervisorHost, type NetworkSpec, newCall } from "@slash64/core"
import { type LabHostPlan, type XapiLabHost, simulateHalf, startXapiLabHost } from "@slash64/tool-xapi-lab-host"
import { connectHost, parseXenserverConfig } from "@slash64/xenserver"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

/** What befalls a pool of two, whose second host has an IPv6 address, and a connection to it. */
const call = () => newCall({ timeoutMs: 60_000 })
const below: LabHostPlan["below"] = async (ended) => simulateHalf(ended)
const vlan: NetworkSpec = { id: "vlan-net", attachment: { kind: "vlan", uplink: "eth1", vlan: 100 }, mtu: 1500 }
const nobody = "https://127.0.0.9:9"

let directory = ""
let pool: XapiLabHost
/** The calls that came, by their names. */
let calls: string[] = []
let opened: HypervisorHost[] = []

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "xenserver-pool-"))
  writeFileSync(join(directory, "password"), "lab\n", { mode: 0o600 })
  pool = await startXapiLabHost({
    directory: join(directory, "pool"),
    account: { user: "root", password: "lab" },
    hosts: [
      { name: "one", address: "127.0.0.1", devices: ["eth0", "eth1"], below },
      { name: "two", address: "::1", devices: ["eth0", "eth1"], below },
    ],
    tls: true,
    disturb(method) {
      calls.push(method)
      return undefined
    },
  })
})
afterEach(async () => {
  await Promise.all(opened.map((host) => host.close()))
  await pool.close()
  rmSync(directory, { recursive: true })
  calls = []
  opened = []
})

async function open(more: Readonly<Record<string, unknown>> = {}): Promise<HypervisorHost> {
  const certificates = pool.certificates.map((pem) => fingerprintOf(pem))
  const account = { user: "root", password: `file:${join(directory, "password")}` }
  const host = await connectHost(parseXenserverConfig({ url: pool.urls, certificates, ...account, ...more }), call())
  opened.push(host)
  return host
}

function fingerprintOf(pem: string): string {
  return `sha256:${new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase()}`
}

function countOf(method: string): number {
  return calls.filter((one) => one === method).length
}

/** As a CA, that of a certificate which signs itself is the certificate. */
function caOf(...pems: readonly (string | undefined)[]): { readonly ca: string; readonly certificates: [] } {
  writeFileSync(join(directory, "ca.pem"), pems.join("\n"))
  return { ca: `file:${join(directory, "ca.pem")}`, certificates: [] }
}

describe("the ways into a pool", () => {
  it("are tried one after the other until one leads to the master", async () => {
    const host = await open({ url: [nobody, ...pool.urls.toReversed()] })
    expect(await host.listNetworks(call())).toEqual([])
    await expect(open({ url: [nobody, "https://127.0.0.9:10"] })).rejects.toMatchObject({
      code: "UNAVAILABLE",
      field: "url",
      message: expect.stringMatching(/127\.0\.0\.9 port 9 .*127\.0\.0\.9 port 10 /),
    })
  })

  it("end at a host whose certificate is another, whatever stands behind it in the list", async () => {
    const certificates = [fingerprintOf(pool.certificates[1] ?? "")]
    await expect(open({ certificates })).rejects.toMatchObject({ code: "UNAUTHENTICATED", field: "certificates" })
    expect(calls).toEqual([])
  })

  it("take a CA in the place of pins, and check that the certificate names the host", async () => {
    const host = await open(caOf(...pool.certificates))
    expect(await host.listNetworks(call())).toEqual([])
    const refused = { code: "UNAUTHENTICATED", field: "ca" }
    await expect(open(caOf(pool.certificates[1]))).rejects.toMatchObject(refused)
    const elsewhere = pool.urls.map((url) => url.replace("127.0.0.1", "localhost"))
    await expect(open({ ...caOf(pool.certificates[0]), url: elsewhere })).rejects.toMatchObject(refused)
  })
})

describe("a pool whose master changes", () => {
  it.each(["network.create", "pool.create_VLAN_from_PIF", "network.get_all_records"])(
    "in the middle of %s goes on at the new one, and makes everything once",
    async (method) => {
      const host = await open()
      pool.disturb(method, { kind: "become-slave" })
      expect(await host.ensureNetwork(vlan, call())).toMatchObject(vlan)
      expect(await host.listNetworks(call())).toHaveLength(1)
      expect(countOf("session.login_with_password")).toBeGreaterThan(1)
    },
  )

  it("while one logs in takes the next login to it, and xen-api nowhere", async () => {
    pool.disturb("pool.get_all_records", { kind: "become-slave" })
    const host = await open()
    expect(await host.listNetworks(call())).toEqual([])
  })

  it("because the old one is down is found by the next way in", async () => {
    const host = await open({ url: pool.urls })
    await pool.takeDown("one")
    await expect(host.ensureNetwork(vlan, call())).rejects.toMatchObject({ code: "UNAVAILABLE" })
    pool.becomeMaster("two")
    const made = await host.ensureNetwork(vlan, call())
    expect(await host.listNetworks(call())).toEqual([made])
    const { findings } = await host.describeHost(call())
    expect(findings).toMatchObject([{ severity: "warning", subject: "host one" }])
    await pool.bringUp("one")
    expect((await host.describeHost(call())).findings).toEqual([])
    await host.removeNetwork(vlan.id, call())
    expect(await host.listNetworks(call())).toEqual([])
  })
})

describe("a host that restarts", () => {
  it("is asked again for what it did not answer, and never told twice what to do", async () => {
    const host = await open()
    const before = countOf("network.get_all_records")
    pool.disturb("network.get_all_records", { kind: "close-unheard" }, 3)
    expect(await host.listNetworks(call())).toEqual([])
    expect(countOf("network.get_all_records") - before).toBe(4)
    pool.disturb("network.create", { kind: "close-unheard" }, 1)
    await expect(host.ensureNetwork(vlan, call())).rejects.toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" })
    expect(countOf("network.create")).toBe(1)
  })

  it("and does not come back is UNAVAILABLE, of a read without an outcome", async () => {
    const host = await open()
    await pool.takeDown("one")
    await pool.takeDown("two")
    const error: unknown = await host.listNetworks(call()).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: "UNAVAILABLE" })
    expect(error).toHaveProperty("outcome", undefined)
  })
})

describe("a session", () => {
  it("is logged out at the end, and after whatever failed", async () => {
    const host = await open()
    pool.disturb("network.get_all_records", { kind: "close-unheard" }, 2)
    await host.listNetworks(call())
    pool.disturb("network.create", { kind: "close-after" })
    await host.ensureNetwork(vlan, call()).catch(() => undefined)
    await host.listNetworks(call())
    await Promise.all(opened.map((one) => one.close()))
    const logins = countOf("session.login_with_password")
    expect(logins).toBe(4)
    expect(countOf("session.logout")).toBe(logins)
    await expect(host.listNetworks(call())).rejects.toMatchObject({ code: "FAILED_PRECONDITION" })
    expect(countOf("session.login_with_password")).toBe(logins)
  })
})
