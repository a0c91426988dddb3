import { X509Certificate, randomBytes } from "node:crypto"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { ensureLinuxBridge } from "@slash64/tool-lab"
import { startControlServer } from "../control/control-server.ts"
import { type SshDoor, openSshDoor } from "../dom0/ssh-door.ts"
import { startXapiLabHost } from "../lab-host.ts"
import { runProgram } from "../lower/run-program.ts"
import { type SwitchHost, startSwitchHost } from "../lower/switch-host.ts"
import { controlDeeds } from "./control-deeds.ts"
import {
  type LabPlan,
  type PlannedHost,
  account,
  devices,
  joiningBridges,
  plannedHosts,
  writePlan,
} from "./lab-plan.ts"

/** How a pool that runs is reached. */
export interface ShownPool {
  readonly urls: readonly string[]
  /** SHA-256 fingerprints as the plugin takes them; none without HTTPS. */
  readonly certificates: readonly string[]
  /** Paths of the certificates as PEM. */
  readonly certificateFiles: readonly string[]
  readonly user: string
  /** Path of the file that holds it. */
  readonly passwordFile: string
  /** The SSH servers of the hosts' dom0, in the order of the URLs. */
  readonly ssh: readonly { readonly address: string; readonly port: number; readonly hostKey: string }[]
  /** Path of the private key that logs in there as root. */
  readonly identity: string
  /** The far ends of each host's NICs on this machine, and the bridges that join them where there are two hosts. */
  readonly links: readonly string[]
}

export interface RunningPool {
  readonly shown: ShownPool
  /** Resolves when somebody has asked for its end. */
  readonly stopped: Promise<void>
  /** The toolstack ends; hosts and VMs run on. */
  close(): Promise<void>
}

/** Starts the pool of a directory, or takes it up again with all its VMs. */
export async function runPool(dir: string, plan: LabPlan): Promise<RunningPool> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const passwordFile = join(dir, account.passwordFile)
  const password = await ensurePassword(passwordFile)
  const hosts = await startHosts(dir, plan)
  const pool = await startXapiLabHost({
    directory: join(dir, "xapi"),
    account: { user: account.user, password },
    tls: plan.tls,
    port: plan.port,
    hosts: hosts.map(({ name, address, below }) => ({ name, address, devices, below: (ended) => below.open(ended) })),
  })
  const doors: (SshDoor & { readonly address: string })[] = []
  for (const { address, below } of hosts) {
    const port = doors[0]?.port ?? plan.sshPort
    const door = await openSshDoor({ directory: join(dir, "ssh"), address, port, enter: below.enter })
    doors.push({ address, ...door })
  }
  await writePlan(dir, { ...plan, port: pool.port, sshPort: doors[0]?.port ?? 0 })
  const shown: ShownPool = {
    urls: pool.urls,
    certificates: pool.certificates.map(pinOf),
    certificateFiles: plan.tls ? hosts.map(({ name }) => join(dir, "xapi", name, "host.pem")) : [],
    user: account.user,
    passwordFile,
    ssh: doors.map(({ address, port, hostKey }) => ({ address, port, hostKey })),
    identity: doors[0]?.identity ?? "",
    links: [...hosts.flatMap(({ farEnds }) => farEnds), ...(hosts.length > 1 ? joiningBridges(dir) : [])],
  }
  const stopped = Promise.withResolvers<void>()
  const belows = hosts.map(({ below }) => below)
  const control = await startControlServer(controlSocket(dir), controlDeeds(pool, belows, shown, stopped.resolve))
  return {
    shown,
    stopped: stopped.promise,
    async close() {
      await Promise.all(doors.map((door) => door.close()))
      await pool.close()
      // Last: whoever waits for its end takes the directory away.
      await control.close()
    },
  }
}

export function controlSocket(dir: string): string {
  return join(dir, "control")
}

async function startHosts(dir: string, { hosts: number, accel }: LabPlan) {
  const hosts: (PlannedHost & { readonly below: SwitchHost })[] = []
  for (const host of plannedHosts(dir, number)) {
    const nics = devices.map((device, index) => ({
      device,
      bridge: `xenbr${index}`,
      farEnd: host.farEnds[index] ?? "",
    }))
    const below = await startSwitchHost({ directory: host.directory, nics, accel, hold: "detached" })
    // As XenServer's dom0 is installed.
    for (const links of ["all", "default"])
      await below.run("sysctl", "-q", "-w", `net.ipv6.conf.${links}.disable_ipv6=1`)
    hosts.push({ ...host, below })
  }
  if (hosts.length === 1) return hosts
  for (const [index, bridge] of joiningBridges(dir).entries()) {
    await ensureLinuxBridge(bridge)
    for (const { farEnds } of hosts)
      await runProgram("ip", ["link", "set", "dev", farEnds[index] ?? "", "master", bridge])
  }
  return hosts
}

async function ensurePassword(file: string): Promise<string> {
  const known = await readFile(file, "utf8").catch(() => undefined)
  if (known !== undefined) return known.trim()
  const password = randomBytes(18).toString("base64url")
  await writeFile(file, `${password}\n`, { mode: 0o600 })
  return password
}

function pinOf(certificate: string): string {
  return `sha256:${new X509Certificate(certificate).fingerprint256.replaceAll(":", "").toLowerCase()}`
}
