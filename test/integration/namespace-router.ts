import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { RouterState } from "@slash64/core"
import { renderRouter } from "@slash64/router"
import { ensureRouterDnsmasq } from "@slash64/tool-systemvm"
import type { GuestSegment } from "./guest-segment.ts"

const routerFiles = join(import.meta.dirname, "../../tools/systemvm/files")
const routerProgram = join(routerFiles, "slash64-router")

/** The rendered files of a router, used by the real programs in a network namespace. */
export interface NamespaceRouter {
  readonly namespace: string
  readonly directory: string
  /** The lease file's lines: `expiry iaid address name duid`. */
  readLeases(): Promise<readonly string[]>
  /** Ends the leases of a NIC, by the router's own program. */
  release(mac: string): Promise<void>
  /** As after a push: addresses, filter and dnsmasq of another state, in this order, and the same leases. */
  use(state: RouterState): Promise<void>
  /** As after a power cycle: another dnsmasq on the same files, or with no lease left. */
  restart(options?: { readonly forget: boolean }): Promise<void>
  stop(): Promise<void>
}

/**
 * Takes the rendered files into use as the router VM does, with dnsmasq's own directories moved to one of ours.
 * `program`: another dnsmasq than the router's.
 */
export async function startNamespaceRouter(
  segment: GuestSegment,
  state: RouterState,
  program?: string,
): Promise<NamespaceRouter> {
  const daemon = program ?? (await ensureRouterDnsmasq()).program
  const directory = await mkdtemp(join(tmpdir(), "slash64-dnsmasq-"))
  const namespace = await segment.addNamespace(state.guestMac, "guest")
  const leases = join(directory, "state/leases/dnsmasq.leases")
  await mkdir(dirname(leases), { recursive: true })
  await mkdir(join(directory, "run/hosts.d"), { recursive: true })
  // For slash64-router: the boot is over.
  await writeFile(join(directory, "run/ready"), "")
  const forgetLeases = () => writeFile(leases, `duid ${state.serverDuid}\n`)
  await forgetLeases()
  let serving = ""
  const take = async (taken: RouterState) => {
    serving = taken.ipv6 ? "DHCPv6, static leases" : "DHCP, static leases"
    await writeStateFiles(directory, taken)
    await segment.run(namespace, "ip", "-batch", join(directory, "network.batch"))
    await segment.run(namespace, "sysctl", "-q", "-p", join(directory, "sysctl.conf"))
    await segment.run(namespace, "nft", "flush", "ruleset")
    await segment.run(namespace, "nft", "-f", join(directory, "nftables.conf"))
  }
  await take(state)
  const start = () => startDnsmasq(namespace, join(directory, "dnsmasq.conf"), serving, daemon)
  let dnsmasq = await start()
  const end = async () => {
    if (dnsmasq.exitCode !== null || dnsmasq.signalCode !== null)
      throw new Error("the router's dnsmasq had ended before")
    dnsmasq.kill()
    await once(dnsmasq, "exit")
  }
  return {
    namespace,
    directory,
    async readLeases() {
      const text = await readFile(leases, "utf8")
      return text.split("\n").filter((line) => /^\d/.test(line))
    },
    async release(mac) {
      const places = [`STATE=${directory}/state`, `RUN=${directory}/run`, `LIB=${routerFiles}/router`]
      const env = places.map((place) => `SLASH64_${place}`)
      const answer = await segment.run(namespace, "env", ...env, "dash", routerProgram, "release", "--mac", mac)
      if (answer !== "{}\n") throw new Error(`slash64-router: ${answer}`)
    },
    async use(other) {
      await take(other)
      await end()
      dnsmasq = await start()
    },
    async restart(options) {
      await end()
      if (options?.forget === true) await forgetLeases()
      dnsmasq = await start()
    },
    async stop() {
      await end()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** The rendered files, with dnsmasq's own directories moved to `directory`. */
async function writeStateFiles(directory: string, state: RouterState): Promise<void> {
  const files = renderRouter(state)
  for (const [path, text] of files) await writeFile(join(directory, path), text)
  await writeFile(join(directory, "run/hosts"), files.get("reservations") ?? "")
  const conf = (files.get("dnsmasq.conf") ?? "")
    .replaceAll("/run/slash64", join(directory, "run"))
    .replaceAll("/var/lib/slash64", join(directory, "state"))
    .replaceAll(/^(user|group)=.*/gm, "$1=root")
  await writeFile(join(directory, "dnsmasq.conf"), conf)
  const sysctls = (files.get("sysctl.conf") ?? "").replaceAll(/^.*gc_thresh.*\n/gm, "")
  await writeFile(join(directory, "sysctl.conf"), sysctls)
}

/** Resolves once dnsmasq says that it serves, in these words. */
export async function startDnsmasq(
  namespace: string,
  conf: string,
  serving: string,
  program = "dnsmasq",
): Promise<ChildProcess> {
  const args = ["netns", "exec", namespace, program, "--keep-in-foreground", `--conf-file=${conf}`]
  const child = spawn("ip", args, { stdio: ["ignore", "ignore", "pipe"] })
  let words = ""
  for await (const chunk of child.stderr) {
    words += String(chunk)
    if (words.toLowerCase().includes(serving.toLowerCase())) return child
  }
  throw new Error(`dnsmasq does not start: ${words}`)
}
