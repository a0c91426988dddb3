import { execFileSync, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { findPrivateLibvirtd, startLibvirtd, startOpenVswitch } from "@slash64/tool-lab"

let dir: string
beforeEach(() => {
  dir = mkdtempSync("/tmp/slash64-daemons-")
})
afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

function virsh(uri: string, ...args: string[]): string {
  return execFileSync("virsh", ["-q", "-c", uri, ...args], { encoding: "utf8" })
}

function linkExists(name: string): boolean {
  return spawnSync("ip", ["link", "show", "dev", name]).status === 0
}

/** Every process that names the directory in its command line. */
function processesOf(directory: string): string[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => {
      try {
        return readFileSync(join("/proc", pid, "cmdline"), "utf8")
      } catch {
        return ""
      }
    })
    .filter((command) => command.includes(directory))
}

describe("a private libvirtd", () => {
  it("hides /dev/kvm, runs a VM, and leaves neither process nor bridge when it is stopped", async () => {
    const libvirtd = await startLibvirtd({ dir, private: true, hideKvm: true })
    const bridge = `s64t${process.pid}`.slice(0, 15)
    try {
      expect(virsh(libvirtd.uri, "list", "--all", "--name").trim()).toBe("")
      expect(virsh(libvirtd.uri, "domcapabilities")).toContain("<domain>qemu</domain>")
      virsh(libvirtd.uri, "net-create", network(bridge))
      virsh(libvirtd.uri, "create", domain(bridge))
      expect(linkExists(bridge)).toBe(true)
    } finally {
      await libvirtd.stop()
    }
    expect(processesOf(dir)).toEqual([])
    expect(linkExists(bridge)).toBe(false)
  })

  it("is found by another process when detached, and not once it is stopped", async () => {
    const started = await startLibvirtd({ dir, private: true, hideKvm: true, hold: "detached" })
    const found = await findPrivateLibvirtd(dir)
    expect(found?.uri).toBe(started.uri)
    await found?.stop()
    expect(await findPrivateLibvirtd(dir)).toBeUndefined()
    expect(processesOf(dir)).toEqual([])
  })

  it("starts while network namespaces of the machine come and go", async () => {
    const name = `s64c${process.pid}`
    const line = `while :; do ip netns add ${name} && ip netns delete ${name} || exit; done`
    const churn = spawn("sh", ["-c", line], { stdio: "ignore" })
    try {
      for (let round = 0; round < 3; round++) {
        const libvirtd = await startLibvirtd({ dir, private: true, hideKvm: true })
        await libvirtd.stop()
      }
      expect(churn.exitCode).toBeNull()
    } finally {
      churn.kill()
      await once(churn, "exit")
      spawnSync("ip", ["netns", "delete", name])
    }
  })

  it("sees the Open vSwitch of its directory", async () => {
    const bridge = `s64o${process.pid}`.slice(0, 15)
    const ovs = await startOpenVswitch({ dir })
    const libvirtd = await startLibvirtd({ dir, private: true, hideKvm: true })
    try {
      await ovs.addBridge(bridge)
      virsh(libvirtd.uri, "create", domain(bridge, "<virtualport type='openvswitch'/>"))
      expect(await ovs.vsctl("list-ports", bridge)).toMatch(/^vnet\d+$/m)
    } finally {
      await libvirtd.stop()
      await ovs.stop()
    }
    expect(linkExists(bridge)).toBe(false)
    expect(processesOf(dir)).toEqual([])
  })

  it("refuses a directory whose sockets would have too long a path", async () => {
    const request = { dir: `/tmp/${"a".repeat(100)}`, private: true, hideKvm: true }
    await expect(startLibvirtd(request)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field: "dir" })
  })
})

function network(bridge: string): string {
  return xmlFile("network.xml", `<network><name>${bridge}</name><bridge name="${bridge}"/></network>`)
}

function domain(bridge: string, virtualPort = ""): string {
  return xmlFile(
    "domain.xml",
    `<domain type="qemu"><name>idle</name><memory unit="MiB">32</memory><os><type>hvm</type></os><devices>
     <interface type="bridge"><source bridge="${bridge}"/>${virtualPort}</interface></devices></domain>`,
  )
}

function xmlFile(name: string, xml: string): string {
  const file = join(dir, name)
  execFileSync("tee", [file], { input: xml })
  return file
}
