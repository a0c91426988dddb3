import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import {
  attachNic,
  createNetwork,
  newCall,
  nicIdFor,
  removeNetwork,
  removeRouter,
  detachNic,
  startRouter,
} from "@slash64/core"
import {
  connectGuestAgent,
  guestDomainXml,
  labHome,
  openGuestImage,
  openLabRooms,
  openTemplate,
  pingFromGuest,
  Steps,
  waitForAddress,
  waitForGuest,
} from "@slash64/tool-lab"
import { afterAll, beforeAll, expect, it } from "vitest"
import { NestedHost } from "./nested-host.ts"

const vlan = 164
const vmId = "4dea22b3-1d52-4d3f-8516-782e98ab3fa0"
const dir = mkdtempSync("/tmp/slash64-vlan-")
let host: NestedHost

beforeAll(async () => {
  host = await NestedHost.start(dir)
})
afterAll(() => {
  host.stop()
  rmSync(dir, { recursive: true, force: true })
})

it("a guest gets its address over a VLAN that slash64 made on a host's uplink", async () => {
  const { signal } = new AbortController()
  const steps = new Steps((line) => process.stdout.write(line))
  const call = newCall({ report: (progress) => steps.report(progress) })
  const template = await openTemplate(steps, signal)
  startGuest(await openGuestImage(signal))

  const lab = await openLabRooms(labHome(join(dir, "lab")))
  try {
    const { rooms } = lab
    const config = { uri: host.uri, hostKey: host.hostKey, privateKey: `file:${host.identity}` }
    await rooms.store.putHost({ name: "nested", plugin: "kvm", config })
    await rooms.store.putTemplate({ ...template, format: "qcow2", registeredAt: new Date().toISOString() })
    const opened = await rooms.hosts.open("nested", call)
    const { capabilities } = await opened.describeHost(call)
    expect(capabilities).toMatchObject({ acceleration: "kvm", attachments: expect.arrayContaining(["vlan"]) })

    const network = await createNetwork(
      {
        name: "blue",
        attachment: { kind: "vlan", uplink: "uplink0", vlan },
        ipv6: { prefix: "fd64:1:2:3::/64", gateway: "fd64:1:2:3::1", ra: "router" },
        quarantineSeconds: 0,
      },
      rooms,
      call,
    )
    await startRouter({ network: network.id, host: "nested" }, rooms, call)
    const agent = connectGuestAgent(host.virshUri, "guest")
    await waitForGuest(agent, join(dir, "console.log"), 300_000)
    const request = { network: network.id, id: nicIdFor(network.id, vmId, 0), host: "nested", vmId }
    const { nic } = await attachNic(request, rooms, call)
    const addresses = await waitForAddress(agent, nic.mac, String(nic.ipv6), 180_000)
    expect(addresses).toContain(String(nic.ipv6))
    expect(await pingFromGuest(agent, "fd64:1:2:3::1")).toBe(true)

    expect(tagsSeen(host.capture)).toEqual(new Set([vlan]))
    const links = host.run("ip -o link")
    expect(links).toMatch(/s64v-\w+@uplink0/)

    await removeRouter({ network: network.id, force: true }, rooms, call)
    await detachNic(nic.id, rooms, call)
    await removeNetwork(network.id, rooms, call)
    expect(host.run("ip -o link")).not.toMatch(/s64v?-/)
  } finally {
    await lab.close()
  }
})

function startGuest(image: { readonly kernel: string; readonly initramfs: string }): void {
  const file = join(dir, "guest.xml")
  const consoleLog = "/run/guest-console.log"
  writeFileSync(file, guestDomainXml({ ...image, uuid: vmId, name: "guest", lab: dir, accel: "kvm", consoleLog }))
  for (const args of [
    ["define", file],
    ["start", "guest"],
  ]) {
    execFileSync("virsh", ["-q", "-c", host.virshUri, ...args], { timeout: 120_000 })
  }
}

/** The VLAN ids of a capture's tagged frames. */
function tagsSeen(capture: string): ReadonlySet<number> {
  const bytes = readFileSync(capture)
  const tags = new Set<number>()
  for (let at = 24; at + 16 <= bytes.length;) {
    const length = bytes.readUInt32LE(at + 8)
    const frame = bytes.subarray(at + 16, at + 16 + length)
    // IEEE 802.1Q: the tag protocol identifier, then 12 bits of VLAN id.
    if (frame.length >= 16 && frame.readUInt16BE(12) === 0x8100) tags.add(frame.readUInt16BE(14) & 0x0fff)
    at += 16 + length
  }
  return tags
}
