import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { type SwitchHost, type XapiLabHost, startSwitchHost, startXapiLabHost } from "@slash64/tool-xapi-lab-host"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { z } from "zod"
import { XapiSession } from "./xapi-client.ts"
import { makeGoldenTemplate } from "./xapi-golden.ts"

/** Two hosts, each with an Open vSwitch of its own, and a Linux bridge between the far ends of their eth1. */
const directory = mkdtempSync(join(tmpdir(), "xapi-"))
const between = `x${process.pid}t`
const farEnds = ["a", "b"].map((end) => `x${process.pid}${end}`)
const [first, second] = ["2001:db8:64::1", "2001:db8:64::2"]
const bridge = "s64pool"

let hosts: SwitchHost[] = []
let pool: XapiLabHost
let xapi: XapiSession

beforeAll(async () => {
  ip("link", "add", between, "type", "bridge")
  ip("link", "set", "dev", between, "up")
  hosts = await Promise.all(farEnds.map((farEnd, index) => startHost(farEnd, String(index))))
  for (const farEnd of farEnds) ip("link", "set", "dev", farEnd, "master", between)
  pool = await startXapiLabHost({
    directory: join(directory, "xapi"),
    account: { user: "root", password: "lab" },
    hosts: hosts.map((host, index) => ({
      name: `host-${index}`,
      address: `127.0.0.${index + 1}`,
      devices: ["eth1"],
      below: (ended) => host.open(ended),
    })),
  })
  xapi = await XapiSession.open(pool.urls[0] ?? "", "root", "lab")
})
afterAll(async () => {
  await pool.close()
  await Promise.all(hosts.map((host) => host.powerOff()))
  ip("link", "del", "dev", between)
  rmSync(directory, { recursive: true })
})

function startHost(farEnd: string, name: string): Promise<SwitchHost> {
  const nics = [{ device: "eth1", bridge: "xenbr0", farEnd }]
  return startSwitchHost({ directory: join(directory, name), nics, hold: "caller" })
}

function ip(...words: readonly string[]): void {
  execFileSync("ip", words)
}

/** The first frame of VLAN 100 on the cable between the hosts that bears a ping. */
async function captureTagged(): Promise<string> {
  const words = ["-i", farEnds[0] ?? "", "-n", "-e", "-c", "1", "vlan", "100", "and", "dst", "host", second]
  const tcpdump = spawn("timeout", ["30", "tcpdump", ...words], { stdio: ["ignore", "pipe", "ignore"] })
  const [said] = await Promise.all([text(tcpdump.stdout), once(tcpdump, "close")])
  return said
}

describe("a pool of two hosts", () => {
  it("has one VLAN on both, over which their bridges reach one another in tagged frames", async () => {
    const network = await xapi.text("network.create", { name_label: "pool", other_config: {}, MTU: 1500, bridge })
    const pifs = await xapi.texts("PIF.get_all")
    expect(pifs).toHaveLength(2)
    expect(await xapi.texts("pool.create_VLAN_from_PIF", pifs[0], network, 100)).toHaveLength(2)
    for (const [index, address] of [first, second].entries()) {
      await hosts[index]?.run("ip", "address", "add", `${address}/64`, "dev", bridge, "nodad")
    }
    const [tagged, ping] = await Promise.all([
      captureTagged(),
      hosts[0]?.run("ping", "-6", "-c", "25", "-i", "0.2", "-W", "5", second),
    ])
    expect(ping).toMatch(/[1-9]\d* received/)
    expect(tagged).toMatch(/vlan 100, .*2001:db8:64::1 > 2001:db8:64::2: ICMP6/)
  })

  it("starts a VM on the host that is asked for, with its port there, and moves it by a new start", async () => {
    const { vm } = await makeGoldenTemplate(xapi)
    await xapi.call("VM.provision", vm)
    const [network] = await xapi.texts("network.get_by_name_label", "pool")
    const vif = { device: "0", VM: vm, network, MAC: "", MTU: 1500, other_config: {} }
    await xapi.call("VIF.create", { ...vif, qos_algorithm_type: "", qos_algorithm_params: {} })
    const names = z.record(z.string(), z.object({ hostname: z.string() }))
    const refs = Object.entries(await xapi.read(names, "host.get_all_records"))
    for (const [index, host] of hosts.entries()) {
      const ref = refs.find(([, { hostname }]) => hostname === `host-${index}`)?.[0]
      await xapi.call("VM.start_on", vm, ref, false, false)
      expect(await xapi.text("VM.get_resident_on", vm)).toBe(ref)
      expect(await xapi.texts("host.get_resident_VMs", ref)).toEqual([vm])
      const port = `vif${String(await xapi.call("VM.get_domid", vm))}.0`
      const links = await Promise.all(hosts.map((one) => one.run("ip", "-br", "link")))
      expect(links.map((list) => list.includes(port))).toEqual(hosts.map((one) => one === host))
      await xapi.call("VM.hard_shutdown", vm)
    }
  })

  it("loses the VM of a host that loses power", async () => {
    const [vm] = await xapi.texts("VM.get_by_name_label", "debian-12-golden")
    await xapi.call("VM.start", vm, false, false)
    await hosts[0]?.powerOff()
    await expect.poll(() => xapi.text("VM.get_power_state", vm), { timeout: 20_000 }).toBe("Halted")
  })
})
