import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { duidLl, newCall, parseNicMac } from "@slash64/core"
import { createRouterControl, openKeyStore } from "@slash64/router"
import { Steps, openTemplate } from "@slash64/tool-lab"
import { connectHost, parseXenserverConfig } from "@slash64/xenserver"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { z } from "zod"
import { type XapiSession, ask } from "./xapi-client.ts"
import { makeGoldenTemplate } from "./xapi-golden.ts"
import { type XapiGround, startXapiGround } from "./xapi-ground.ts"

const controlMac = parseNicMac("controlMac", "02:64:00:00:00:02")
const guestMac = parseNicMac("guestMac", "02:64:00:00:00:01")
const directory = mkdtempSync(join(tmpdir(), "xapi-router-"))

let ground: XapiGround
let xapi: XapiSession
let vm = ""

beforeAll(async () => {
  const [{ file }, started] = await Promise.all([
    openTemplate(new Steps(() => undefined), AbortSignal.timeout(200_000)),
    startXapiGround(),
  ])
  ground = started
  xapi = await ground.open()
  const vhd = join(directory, "router.vhd")
  execFileSync("qemu-img", ["convert", "-O", "vpc", "-o", "subformat=dynamic,force_size=on", file, vhd])
  const { vm: template, vdi } = await makeGoldenTemplate(xapi, sizeOf(vhd))
  await upload(vdi, "vhd", readFileSync(vhd))
  vm = await xapi.text("VM.clone", template, "router")
  await xapi.call("VM.provision", vm)
})
afterAll(async () => {
  await ground.stop()
  rmSync(directory, { recursive: true })
})

function sizeOf(image: string): number {
  const said: unknown = JSON.parse(execFileSync("qemu-img", ["info", "--output=json", image], { encoding: "utf8" }))
  return z.object({ "virtual-size": z.number() }).parse(said)["virtual-size"]
}

async function upload(vdi: string, format: string, body: Buffer): Promise<void> {
  const task = await xapi.text("task.create", "upload", "")
  const query = new URLSearchParams({ session_id: xapi.ref, vdi, format, task_id: task })
  await ask(`${ground.url}/import_raw_vdi?${query.toString()}`, { method: "PUT" }, body)
  await until(async () => (await xapi.text("task.get_status", task)) !== "pending")
  expect(await xapi.texts("task.get_error_info", task)).toEqual([])
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(90_000)
  while (!(await isSo())) {
    deadline.throwIfAborted()
    await delay(100)
  }
}

const call = () => newCall({ timeoutMs: 60_000 })
const vifFields = { MTU: 1500, other_config: {}, qos_algorithm_type: "", qos_algorithm_params: {} }

describe("a router VM on the lab host", () => {
  it("boots from its VDI with its seed, and its sshd answers the host over the bridge", async () => {
    const keys = openKeyStore({ directory: join(directory, "keys") })
    const control = createRouterControl({ keys })
    const serverDuid = duidLl(guestMac)
    const seed = await control.seed({
      routerId: "r-1",
      guestMac,
      controlMac,
      serverDuid,
      controlAddress: "10.64.0.15/24",
    })
    const [pool] = await xapi.texts("pool.get_all")
    const SR = await xapi.text("pool.get_default_SR", pool)
    const disk = { SR, type: "user", sharable: false, read_only: false, other_config: {}, virtual_size: seed.length }
    const vdi = await xapi.text("VDI.create", disk)
    await upload(vdi, "raw", Buffer.from(seed))
    const drive = { userdevice: "1", bootable: false, mode: "RO", type: "Disk", empty: false, other_config: {} }
    await xapi.call("VBD.create", { ...drive, VM: vm, VDI: vdi, qos_algorithm_type: "", qos_algorithm_params: {} })
    const networks = await xapi.read(z.record(z.string(), z.object({ bridge: z.string() })), "network.get_all_records")
    const management = Object.keys(networks).find((ref) => networks[ref]?.bridge === "xenbr0")
    const isolated = await xapi.text("network.create", { name_label: "guests", other_config: {}, bridge: "s64guests" })
    await xapi.call("VIF.create", { ...vifFields, VM: vm, network: management, device: "0", MAC: controlMac })
    await xapi.call("VIF.create", { ...vifFields, VM: vm, network: isolated, device: "1", MAC: guestMac })
    await ground.below.run("ip", "address", "add", "10.64.0.1/24", "dev", "xenbr0")
    await xapi.call("VM.start", vm, false, false)
    await until(answersSsh)
    expect(await ground.below.readConsole(await xapi.text("VM.get_uuid", vm))).toContain("seed of router r-1")
    await control.close()
  })

  it("has guest metrics once its drivers are up, and takes a NIC while it runs", async () => {
    await until(async () => (await xapi.text("VM.get_guest_metrics", vm)) !== "OpaqueRef:NULL")
    const metrics = await xapi.text("VM.get_guest_metrics", vm)
    expect(await xapi.call("VM_guest_metrics.get_PV_drivers_detected", metrics)).toBe(true)
    const [network] = await xapi.texts("network.get_by_name_label", "guests")
    const vif = await xapi.text("VIF.create", { ...vifFields, VM: vm, network, device: "2", MAC: "02:64:00:00:00:03" })
    await xapi.call("VIF.plug", vif)
    expect(await xapi.call("VIF.get_currently_attached", vif)).toBe(true)
    await expect(xapi.call("VIF.plug", vif)).rejects.toThrow(`DEVICE_ALREADY_ATTACHED ${vif}`)
    await xapi.call("VIF.unplug", vif)
    await expect(xapi.call("VIF.unplug", vif)).rejects.toThrow(`DEVICE_ALREADY_DETACHED ${vif}`)
    await xapi.call("VIF.destroy", vif)
  })

  it("gets a NIC while it runs through @slash64/xenserver too, and gives it back", async () => {
    process.env["SLASH64_TEST_PASSWORD"] = "lab"
    const config = { url: ground.url, user: "root", password: "env:SLASH64_TEST_PASSWORD" }
    const host = await connectHost(parseXenserverConfig(config), call())
    const vlan = { kind: "vlan", uplink: "eth1", vlan: 64 } as const
    const { id: networkId } = await host.ensureNetwork({ id: "live", attachment: vlan, mtu: 1500 }, call())
    const vmId = await xapi.text("VM.get_uuid", vm)
    const ids = { id: "live-nic", vmId, networkId, mac: "02:64:00:00:00:04" }
    const nic = { ...ids, addresses: ["2001:db8::4"], portSecurity: true }
    const attached = await host.attachNic(nic, call())
    expect(attached).toMatchObject({ ...ids, live: true, port: expect.stringMatching(/^vif\d+\.2$/) })
    expect(await host.attachNic(nic, call())).toEqual(attached)
    const flows = await ground.below.run("ovs-ofctl", "--protocols=OpenFlow14", "dump-flows", "xenbr1")
    expect(flows).toContain("ipv6_src=fe80::64:ff:fe00:4")
    await host.detachNic(nic, call())
    expect(await host.listNics(call())).toEqual([])
    await host.removeNetwork(networkId, call())
    await host.close()
  })

  it("outlives the toolstack, which finds it again", async () => {
    const domid = await xapi.call("VM.get_domid", vm)
    await ground.restart()
    xapi = await ground.open()
    expect(await xapi.text("VM.get_power_state", vm)).toBe("Running")
    expect(await xapi.call("VM.get_domid", vm)).toBe(domid)
    await until(answersSsh)
  })

  it("shuts itself down when it is asked to", async () => {
    const uuid = await xapi.text("VM.get_uuid", vm)
    await until(async () => (await ground.below.readConsole(uuid)).includes("power button is watched"))
    await xapi.call("VM.clean_shutdown", vm)
    expect(await xapi.text("VM.get_power_state", vm)).toBe("Halted")
    expect(await answersSsh()).toBe(false)
  })

  it("is halted when its process is gone, whoever ended it", async () => {
    await xapi.call("VM.start", vm, false, false)
    const uuid = await xapi.text("VM.get_uuid", vm)
    const pid = readFileSync(join(ground.directory, "vms", uuid, "pid"), "utf8").trim()
    await ground.below.run("kill", "-9", pid)
    await until(async () => (await xapi.text("VM.get_power_state", vm)) === "Halted")
    const record = await xapi.read(z.record(z.string(), z.unknown()), "VM.get_record", vm)
    expect(record).toMatchObject({ domid: -1, resident_on: "OpaqueRef:NULL", guest_metrics: "OpaqueRef:NULL" })
    for (const vif of await xapi.texts("VM.get_VIFs", vm)) {
      expect(await xapi.call("VIF.get_currently_attached", vif)).toBe(false)
    }
    expect(await ground.below.run("ip", "-br", "link")).not.toContain("vif")
  })
})

async function answersSsh(): Promise<boolean> {
  const script = "exec 3<>/dev/tcp/10.64.0.15/22 && head -c 8 <&3"
  return ground.below.run("timeout", "3", "bash", "-c", script).then(
    (said) => said === "SSH-2.0-",
    () => false,
  )
}
