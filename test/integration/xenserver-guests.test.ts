import { type HypervisorHost, type NicSpec, newCall } from "@slash64/core"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { type XenserverGround, startXenserverGround } from "./xenserver-ground.ts"

/** What a pool sees of its guests, and what it does with it. */
const call = () => newCall({ timeoutMs: 60_000 })
const networkId = "guests"
const random = "fe80::9d2c:1f5b:77aa:3c01"
const ofMac = "fe80::5eff:fe00:1"

let ground: XenserverGround
let host: HypervisorHost
let vm: { readonly ref: string; readonly id: string }
let nic: NicSpec

beforeAll(async () => {
  ground = await startXenserverGround()
  host = await ground.connect()
  await host.ensureNetwork({ id: networkId, attachment: { kind: "isolated" }, mtu: 1500 }, call())
})
beforeEach(async () => {
  vm = await ground.makeVm("guest")
  const addresses = ["2001:db8::10"]
  nic = { id: "n-1", vmId: vm.id, networkId, mac: "02:00:5e:00:00:01", addresses, portSecurity: true }
  await host.attachNic(nic, call())
  await ground.xapi.call("VM.start", vm.ref, false, false)
})
afterEach(async () => {
  await ground.xapi.call("VM.hard_shutdown", vm.ref)
  await host.detachNic(nic, call())
  await ground.xapi.call("VM.destroy", vm.ref)
})
afterAll(() => ground.stop())

async function allowed(): Promise<unknown> {
  const [vif] = await ground.xapi.texts("VM.get_VIFs", vm.ref)
  return ground.xapi.call("VIF.get_ipv6_allowed", vif)
}

async function findings() {
  return (await host.describeHost(call())).findings.filter(({ subject }) => subject.startsWith("NIC"))
}

describe("observeNic", () => {
  it("tells what the guest's agent tells, and nothing where nobody does", async () => {
    expect(await host.observeNic(nic, call())).toBeUndefined()
    ground.lab.tellGuest(vm.id, { "0/ip": "10.0.0.2", "0/ipv6/0": "2001:DB8::10", "1/ipv6/0": "2001:db8::99" })
    const addresses = ["10.0.0.2", "2001:db8::10"]
    expect(await host.observeNic(nic, call())).toEqual({ source: "guest-agent", addresses })
    expect(await host.observeNic({ ...nic, id: "n-2" }, call())).toBeUndefined()
    const absent = "00000000-0000-4000-8000-00000000dead"
    expect(await host.observeNic({ ...nic, vmId: absent }, call())).toBeUndefined()
  })
})

describe("a guest whose link-local address is not made of its MAC", () => {
  it("is a finding until its NIC is attached again, and stays let out when it is silent", async () => {
    ground.lab.tellGuest(vm.id, { "0/ipv6/0": random })
    expect(await findings()).toMatchObject([
      { subject: `NIC "n-1" of VM ${vm.id}`, problem: expect.stringContaining(random) },
    ])
    await host.attachNic(nic, call())
    expect(await allowed()).toEqual(["2001:db8::10", ofMac, random])
    expect(await findings()).toEqual([])
    ground.lab.tellGuest(vm.id, {})
    await host.attachNic({ ...nic, addresses: ["2001:db8::20"] }, call())
    expect(await allowed()).toEqual(["2001:db8::20", ofMac, random])
  })

  it("gets no address out that nobody saw, and none that may be another's", async () => {
    const [vif] = await ground.xapi.texts("VM.get_VIFs", vm.ref)
    await ground.xapi.call("VIF.add_ipv6_allowed", vif, "fe80::bad:1:2:3")
    ground.lab.tellGuest(vm.id, { "0/ipv6/0": "fe80::1", "0/ipv6/1": "2001:db8::66" })
    await host.attachNic(nic, call())
    expect(await allowed()).toEqual(["2001:db8::10", ofMac])
    expect(await findings()).toMatchObject([
      { problem: expect.stringContaining("fe80::1, which"), hint: expect.stringContaining("EUI-64") },
    ])
  })

  it("is let out by a watch, which ends with the one that it has now", async () => {
    const stopping = new AbortController()
    const events = host.watch?.(newCall({ signal: stopping.signal }))[Symbol.asyncIterator]()
    const ended = events?.next()
    ground.lab.tellGuest(vm.id, { "0/ipv6/0": random })
    await expect.poll(allowed, { timeout: 20_000 }).toContain(random)
    const next = "fe80::1c2f:55aa:9e01:77b2"
    ground.lab.tellGuest(vm.id, { "0/ipv6/0": next })
    await expect.poll(allowed, { timeout: 20_000 }).toContain(next)
    expect(new Set([await allowed()].flat())).toEqual(new Set(["2001:db8::10", ofMac, next]))
    stopping.abort()
    expect(await ended).toMatchObject({ done: true })
  })
})

describe("a NIC", () => {
  it("that two programs attach at once is one, on whatever device", async () => {
    const other = await ground.connect()
    const both = [host, other, host, other]
    for (let round = 0; round < 5; round++) {
      const twin = { ...nic, id: `twin-${round}`, mac: `02:00:5e:00:01:0${round}` }
      const made = await Promise.all(both.map((one) => one.attachNic(twin, call())))
      expect(new Set(made.map(({ port }) => port)).size).toBe(1)
      expect((await host.listNics(call())).filter(({ id }) => id === twin.id)).toHaveLength(1)
      await host.detachNic(twin, call())
    }
  })

  it("that was made twice all the same ends as the one that is plugged", async () => {
    const [vif] = await ground.xapi.texts("VM.get_VIFs", vm.ref)
    const record = Object(await ground.xapi.call("VIF.get_record", vif))
    const double = await ground.xapi.text("VIF.create", { ...record, device: "3" })
    expect(await ground.xapi.texts("VM.get_VIFs", vm.ref)).toHaveLength(2)
    expect(await host.attachNic(nic, call())).toMatchObject({ live: true, port: expect.stringMatching(/\.0$/) })
    expect(await ground.xapi.texts("VM.get_VIFs", vm.ref)).toEqual([vif])
    await expect(ground.xapi.call("VIF.get_uuid", double)).rejects.toThrow("HANDLE_INVALID")
    await ground.xapi.text("VIF.create", { ...record, device: "3" })
    await host.detachNic(nic, call())
    expect(await ground.xapi.texts("VM.get_VIFs", vm.ref)).toEqual([])
  })

  it("that the running guest cannot take is told to the caller, and found later", async () => {
    const steps: string[] = []
    const late = { ...nic, id: "late", mac: "02:00:5e:00:00:02" }
    ground.lab.disturb("VIF.plug", { kind: "fail", error: ["VM_MISSING_PV_DRIVERS", vm.ref] })
    const told = newCall({ timeoutMs: 60_000, report: ({ step }) => steps.push(step) })
    expect(await host.attachNic(late, told)).toMatchObject({ live: false, persistent: true })
    expect(steps).toEqual([expect.stringContaining("next start of the VM: its guest has no paravirtual drivers")])
    expect(await findings()).toMatchObject([{ subject: `NIC "late" of VM ${vm.id}` }])
    expect(await host.attachNic(late, call())).toMatchObject({ live: true })
    expect(await findings()).toEqual([])
    await host.detachNic(late, call())
  })
})
