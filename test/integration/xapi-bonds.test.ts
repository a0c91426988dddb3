import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { newCall } from "@slash64/core"
import { type SwitchHost, type XapiLabHost, startSwitchHost, startXapiLabHost } from "@slash64/tool-xapi-lab-host"
import { connectHost, parseXenserverConfig } from "@slash64/xenserver"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { XapiSession } from "./xapi-client.ts"

const directory = mkdtempSync(join(tmpdir(), "xapi-bonds-"))
const farEnds = ["a", "b", "c"].map((end) => `x${process.pid}${end}`)
const nics = farEnds.map((farEnd, index) => ({ device: `eth${index}`, bridge: `xenbr${index}`, farEnd }))

let below: SwitchHost
let pool: XapiLabHost
let xapi: XapiSession

beforeAll(async () => {
  below = await startSwitchHost({ directory, nics, hold: "caller" })
  pool = await startXapiLabHost({
    directory: join(directory, "xapi"),
    account: { user: "root", password: "lab" },
    hosts: [
      {
        name: "one",
        address: "127.0.0.1",
        devices: nics.map(({ device }) => device),
        below: (ended) => below.open(ended),
      },
    ],
  })
  xapi = await XapiSession.open(pool.urls[0] ?? "", "root", "lab")
})
afterAll(async () => {
  await pool.close()
  await below.powerOff()
  rmSync(directory, { recursive: true })
})

async function pifOf(device: string): Promise<string> {
  for (const pif of await xapi.texts("PIF.get_all")) {
    if ((await xapi.text("PIF.get_device", pif)) === device) return pif
  }
  throw new Error(`no PIF ${device}`)
}

/** What host says in VLAN 100 on a cable, heard while it is said. */
async function hear(farEnd: string, seconds: number): Promise<string> {
  const words = [String(seconds), "tcpdump", "-i", farEnd, "-n", "-e", "-c", "1", "vlan", "100", "and", "icmp6"]
  const tcpdump = spawn("timeout", words, { stdio: ["ignore", "pipe", "ignore"] })
  const [said] = await Promise.all([text(tcpdump.stdout), once(tcpdump, "close")])
  return said
}

describe("a bond", () => {
  it("is the uplink of a shared network's VLAN, and goes on with one cable", async () => {
    const network = await xapi.text("network.create", { name_label: "bonded", other_config: {}, MTU: 1500 })
    const members = [await pifOf("eth1"), await pifOf("eth2")]
    const bond = await xapi.text("Bond.create", network, members, "", "active-backup", {})
    expect(await xapi.texts("Bond.get_slaves", bond)).toEqual(members)
    expect(await xapi.texts("PIF.get_bond_master_of", await pifOf("bond0"))).toEqual([bond])

    const passwordFile = join(directory, "password")
    writeFileSync(passwordFile, "lab\n", { mode: 0o600 })
    const config = parseXenserverConfig({ url: pool.urls[0], user: "root", password: `file:${passwordFile}` })
    const call = newCall({ timeoutMs: 30_000 })
    const host = await connectHost(config, call)
    const made = await host.ensureNetwork(
      { id: "n-bond", attachment: { kind: "vlan", uplink: "bond0", vlan: 100 }, mtu: 1500 },
      call,
    )
    await host.close()
    await below.run("ip", "address", "add", "2001:db8:64::1/64", "dev", made.bridge, "nodad")
    const speaks = below.run("ping", "-6", "-c", "60", "-i", "0.2", `ff02::1%${made.bridge}`).catch(() => "")
    // One cable is down: the other one carries what is said, whichever was the active one before.
    for (const [down, up] of [
      ["eth1", farEnds[2]],
      ["eth2", farEnds[1]],
    ] as const) {
      for (const device of ["eth1", "eth2"]) {
        await below.run("ip", "link", "set", "dev", device, device === down ? "down" : "up")
      }
      expect(await hear(up ?? "", 30)).toMatch(/vlan 100,/)
    }
    await speaks
  })

  it("refuses what XAPI refuses, and gives the NICs back when it goes", async () => {
    const [bond] = await xapi.texts("Bond.get_all")
    const [eth0, eth1] = [await pifOf("eth0"), await pifOf("eth1")]
    const other = await xapi.text("network.create", { name_label: "other", other_config: {}, MTU: 1500 })
    const create = (members: readonly string[]) => xapi.call("Bond.create", other, members, "")
    await expect(create([eth0])).rejects.toThrow("PIF_BOND_NEEDS_MORE_MEMBERS")
    await expect(create([eth0, eth1])).rejects.toThrow(`PIF_ALREADY_BONDED ${eth1}`)
    await expect(xapi.call("VLAN.create", eth1, 7, other)).rejects.toThrow(`CANNOT_ADD_VLAN_TO_BOND_SLAVE ${eth1}`)
    await expect(xapi.call("Bond.destroy", bond)).rejects.toThrow("PIF_VLAN_STILL_EXISTS")
    for (const vlan of await xapi.texts("VLAN.get_all")) await xapi.call("VLAN.destroy", vlan)
    await xapi.call("Bond.destroy", bond)
    expect(await xapi.text("PIF.get_bond_slave_of", eth1)).toBe("OpaqueRef:NULL")
    await expect(pifOf("bond0")).rejects.toThrow("no PIF")
    expect((await below.run("ip", "-br", "link", "show", "dev", "xenbr1")).trim()).not.toBe("")
  })
})
