import { execFile, spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { promisify } from "node:util"
import type { RouterState } from "@slash64/core"
import { renderRouter } from "@slash64/router"
import { z } from "zod"

const exec = promisify(execFile)
const stormProgram = join(import.meta.dirname, "../../files/dhcp-storm.py")

export interface Guest {
  readonly mac: string
  readonly linkLocal: string
}

const booted = z.object({ seconds: z.number().nullable(), address: z.string().nullable() })
/** Seconds from its boot to its address; null where it got none. */
export type BootedGuest = z.infer<typeof booted>

/** A router's dnsmasq in a network namespace, and guests on the other end of its link. */
export interface GuestLink {
  /** As if no guest had ever been there: no leases, no neighbours. */
  forget(): Promise<void>
  /** All at once. */
  boot(guests: readonly Guest[], delaySeconds: number): Promise<readonly BootedGuest[]>
  close(): Promise<void>
}

export interface GuestLinkRequest {
  readonly directory: string
  readonly state: RouterState
  /** The program. */
  readonly dnsmasq: string
}

let links = 0

/** Takes the rendered files into use as the router VM does, with dnsmasq's own directories moved to one of ours. */
export async function openGuestLink({ directory, state, dnsmasq }: GuestLinkRequest): Promise<GuestLink> {
  const folder = await mkdtemp(join(directory, "link-"))
  const [router, others] = ["router", "guests"].map((name) => `s64b${process.pid}-${name}${links}`)
  if (router === undefined || others === undefined) throw new Error("two names")
  links += 1
  const inside = (...words: readonly string[]) => exec("ip", ["netns", "exec", router, ...words])
  const files = await writeFiles(folder, state)
  let daemon: ChildProcess | undefined
  const stop = async () => {
    if (daemon === undefined) return
    daemon.kill()
    await once(daemon, "exit")
    daemon = undefined
  }
  const link: GuestLink = {
    async forget() {
      await stop()
      await writeFile(files.leases, `duid ${state.serverDuid}\n`)
      await inside("ip", "neigh", "flush", "dev", "guest", "nud", "all")
      daemon = await startDnsmasq([
        "netns",
        "exec",
        router,
        dnsmasq,
        "--keep-in-foreground",
        `--conf-file=${files.conf}`,
      ])
    },
    async boot(guests, delaySeconds) {
      const words = ["netns", "exec", others, "python3", stormProgram, "guest", String(delaySeconds)]
      const child = spawn("ip", words, { stdio: ["pipe", "pipe", "inherit"] })
      child.stdin.end(guests.map(({ mac, linkLocal }) => `${mac} ${linkLocal}\n`).join(""))
      const [said] = await Promise.all([text(child.stdout), once(child, "exit")])
      const lines = said.split("\n").filter((line) => line !== "")
      return lines.map((line) => booted.parse(JSON.parse(line)))
    },
    async close() {
      await stop()
      for (const name of [router, others]) await exec("ip", ["netns", "delete", name]).catch(() => undefined)
    },
  }
  try {
    for (const name of [router, others]) await exec("ip", ["netns", "add", name])
    const ends = ["guest", "address", state.guestMac, "type", "veth", "peer", "name", "guest", "netns", others]
    await inside("ip", "link", "add", ...ends)
    await exec("ip", ["-n", others, "link", "set", "guest", "up"])
    await inside("sysctl", "-qw", "net.ipv6.conf.guest.accept_dad=0")
    await inside("ip", "-batch", files.network)
    await inside("sysctl", "-q", "-p", files.sysctl)
    await inside("nft", "-f", files.rules)
    return link
  } catch (error) {
    await link.close()
    throw error
  }
}

async function writeFiles(folder: string, state: RouterState) {
  const files = renderRouter(state)
  const write = async (name: string, content = "") => {
    await writeFile(join(folder, name), content)
    return join(folder, name)
  }
  await write("hosts", files.get("reservations"))
  const conf = (files.get("dnsmasq.conf") ?? "")
    .replace(/^dhcp-hostsdir=.*\n/m, "")
    .replaceAll(/\/(run\/slash64|var\/lib\/slash64\/leases)/g, folder)
    .replaceAll(/^(user|group)=.*/gm, "$1=root")
  return {
    conf: await write("dnsmasq.conf", conf),
    leases: join(folder, "dnsmasq.leases"),
    network: await write("network.batch", files.get("network.batch")),
    // The neighbour tables' sizes are the whole kernel's, so a network namespace does not have them.
    sysctl: await write("sysctl.conf", files.get("sysctl.conf")?.replaceAll(/^.*gc_thresh.*\n/gm, "")),
    rules: await write("nftables.conf", files.get("nftables.conf")),
  }
}

/** Resolves once it says that it serves. */
async function startDnsmasq(words: readonly string[]): Promise<ChildProcess> {
  const child = spawn("ip", words, { stdio: ["ignore", "ignore", "pipe"] })
  let said = ""
  for await (const chunk of child.stderr) {
    said += String(chunk)
    if (said.includes("DHCPv6, static leases")) return child
  }
  throw new Error(`dnsmasq does not start: ${said}`)
}
