import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { text } from "node:stream/consumers"
import { promisify } from "node:util"

const exec = promisify(execFile)

/** What a DHCP client in a guest was given; empty where nobody answered. */
export interface Leased {
  readonly addresses: readonly string[]
  /** The client's lease file, with every option it was sent. */
  readonly text: string
}

export interface DhcpRequest {
  readonly family: 4 | 6
  /** The DUID that is sent, colons; absent: the guest's own DUID-LL. */
  readonly duid?: string
  /** The client identifier that is sent, for IPv4; absent: none. */
  readonly clientId?: string
  /** How long the client goes on asking. */
  readonly seconds?: number
}

export interface Capture {
  readonly device: string
  /** Which packets, in pcap's words. */
  readonly filter: string
  readonly seconds: number
  /** After how many packets it ends; absent: at its time. */
  readonly packets?: number
}

/** `up: false`: down, as before a boot; else up, with a link-local address that may be used at once. */
export interface LinkState {
  readonly up: boolean
}

/** One link of its own: a bridge that guests and a router are put on. All of it is removed by `close`. */
export interface GuestSegment {
  readonly bridge: string
  /** A tap device on the bridge, for a VM. */
  addTap(): Promise<string>
  /** A network namespace on the bridge, with one NIC of this MAC and this name. */
  addNamespace(mac: string, device: string, link?: LinkState): Promise<string>
  /** One more NIC for a namespace, of this segment or another. */
  plug(namespace: string, mac: string, device: string, link?: LinkState): Promise<void>
  /** What runs in it is ended. Absent: success. */
  removeNamespace(namespace: string): Promise<void>
  run(namespace: string, ...command: readonly string[]): Promise<string>
  askDhcp(namespace: string, request: DhcpRequest): Promise<Leased>
  /** Packets on a device, once tcpdump listens: what `cause` sets off cannot come before it. */
  capture(namespace: string, capture: Capture, cause: () => Promise<unknown>): Promise<string>
  close(): Promise<void>
}

export async function openGuestSegment(label: string): Promise<GuestSegment> {
  const name = `${label}${process.pid}`
  await removeLeftovers(label)
  const directory = await mkdtemp(join(tmpdir(), `slash64-${label}-`))
  const namespaces = new Set<string>()
  let [made, ports] = [0, 0]
  const taps: string[] = []
  await ip("link", "add", name, "type", "bridge", "mcast_snooping", "0")
  await exec("sysctl", ["-qw", `net.ipv6.conf.${name}.disable_ipv6=1`])
  await ip("link", "set", name, "up")

  const run: GuestSegment["run"] = async (namespace, ...command) => {
    const { stdout } = await exec("ip", ["netns", "exec", namespace, ...command], { timeout: 60_000 })
    return stdout
  }

  const plug: GuestSegment["plug"] = async (namespace, mac, device, { up } = { up: true }) => {
    const port = `${name}p${ports++}`
    await ip("link", "add", port, "type", "veth", "peer", "name", device, "netns", namespace)
    // No duplicate address detection: a client that asks at once needs its link-local at once.
    await run(namespace, "sysctl", "-qw", `net/ipv6/conf/${device}/accept_dad=0`)
    await ip("-n", namespace, "link", "set", device, "address", mac, up ? "up" : "down")
    await exec("sysctl", ["-qw", `net.ipv6.conf.${port}.disable_ipv6=1`])
    await ip("link", "set", port, "master", name, "up")
  }

  const removeNamespace: GuestSegment["removeNamespace"] = async (namespace) => {
    if (!namespaces.delete(namespace)) return
    const pids = await exec("ip", ["netns", "pids", namespace]).then(({ stdout }) => stdout.split("\n"))
    for (const pid of pids.filter((line) => line !== "")) process.kill(Number(pid), "SIGKILL")
    await ip("netns", "del", namespace)
  }

  return {
    bridge: name,
    run,
    async addTap() {
      const tap = `${name}t${taps.length}`
      await ip("tuntap", "add", tap, "mode", "tap")
      taps.push(tap)
      await exec("sysctl", ["-qw", `net.ipv6.conf.${tap}.disable_ipv6=1`])
      await ip("link", "set", tap, "master", name, "up")
      return tap
    },
    async addNamespace(mac, device, link) {
      const namespace = `${name}-${made++}`
      await ip("netns", "add", namespace)
      namespaces.add(namespace)
      await ip("-n", namespace, "link", "set", "lo", "up")
      await plug(namespace, mac, device, link)
      return namespace
    },
    plug,
    removeNamespace,
    async askDhcp(namespace, { family, duid, clientId, seconds = 8 }) {
      const [leases, pid, conf] = ["leases", "pid", "conf"].map((file) => join(directory, `${namespace}-${file}`))
      if (!leases || !pid || !conf) throw new Error("three file names")
      await Promise.all([rm(leases, { force: true }), rm(pid, { force: true })])
      const lines = [`timeout ${seconds};`, "also request interface-mtu;"]
      if (duid !== undefined) lines.push(`send dhcp6.client-id ${duid};`)
      if (clientId !== undefined) lines.push(`send dhcp-client-identifier "${clientId}";`)
      await writeFile(conf, `${lines.join("\n")}\n`)
      const who = family === 6 && duid === undefined ? ["-D", "LL"] : []
      const files = ["-lf", leases, "-pf", pid, "-cf", conf, "-sf", "/bin/true"]
      const client = ["dhclient", `-${family}`, "-1", ...who, ...files, "guest0"]
      // dhclient stays in the background once it has a lease; without one it gives up with exit code 2, or never does.
      await run(namespace, "timeout", String(seconds + 1), ...client).catch(() => "")
      const running = await readFile(pid, "utf8").catch(() => "")
      if (running.trim() !== "") await exec("kill", [running.trim()]).catch(() => undefined)
      const lease = await readFile(leases, "utf8").catch(() => "")
      const found = lease.matchAll(family === 6 ? /iaaddr (\S+) \{/g : /fixed-address (\S+);/g)
      return { addresses: Array.from(found, ([, address = ""]) => address), text: lease }
    },
    async capture(namespace, { device, filter, seconds, packets }, cause) {
      const count = packets === undefined ? [] : [`-c${packets}`]
      // No name is looked up (-n): in a namespace without a name server that takes longer than the capture.
      const options = ["-n", "-vv", "--immediate-mode", "-l", "-i", device, ...count, filter]
      const command = ["netns", "exec", namespace, "timeout", String(seconds), "tcpdump", ...options]
      const tcpdump = spawn("ip", command, { stdio: ["ignore", "pipe", "pipe"] })
      const [ended, printed] = [once(tcpdump, "close"), text(tcpdump.stdout)]
      const said = createInterface(tcpdump.stderr)
      await once(said, "line")
      await cause()
      await ended
      return printed
    },
    async close() {
      for (const namespace of namespaces) await removeNamespace(namespace)
      for (const tap of taps) await ip("link", "del", tap)
      await ip("link", "del", name)
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** What a run left behind that was killed: links and namespaces that bear the number of a process that is no more. */
async function removeLeftovers(label: string): Promise<void> {
  const [links, namespaces] = await Promise.all([exec("ip", ["-o", "link"]), exec("ip", ["netns"])])
  const named = new RegExp(`\\b${label}(\\d+)\\S*?(?=[@: ]|$)`, "gm")
  for (const [name] of Array.from(namespaces.stdout.matchAll(named)).filter(isLeftover)) await ip("netns", "del", name)
  for (const [name] of Array.from(links.stdout.matchAll(named)).filter(isLeftover))
    await ip("link", "del", name).catch(() => undefined)
}

function isLeftover([, pid = ""]: RegExpMatchArray): boolean {
  return !existsSync(`/proc/${pid}`)
}

async function ip(...args: readonly string[]): Promise<void> {
  await exec("ip", args, { timeout: 20_000 })
}
