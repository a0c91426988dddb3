import { newCall, readRouterStatus } from "@slash64/core"
import type { RouterStatus } from "@slash64/core"
import { connectGuestAgent } from "../guest/guest-agent.ts"
import type { GuestAgent } from "../guest/guest-agent.ts"
import { readGuestAddresses } from "../guest/read-guest.ts"
import { answers } from "../daemons/socket.ts"
import { findPrivateLibvirtd } from "../libvirtd.ts"
import { findPoolVm } from "../xenserver/find-pool-vm.ts"
import { labHome } from "./lab-home.ts"
import type { LabHome } from "./lab-home.ts"
import { readRecord } from "./lab-record.ts"
import type { LabChoices, LabRecord } from "./lab-record.ts"
import { openLabRooms } from "./open-rooms.ts"
import { domainState } from "./virsh.ts"

/** What a lab is now, as its parts say themselves. */
export interface LabStatus {
  readonly up: boolean
  readonly choices?: LabChoices
  /** What it stands on: libvirtd, or the XAPI lab host. */
  readonly libvirtd?: "running" | "stopped"
  readonly pool?: "running" | "stopped"
  readonly network?: { readonly name: string; readonly prefix: string }
  readonly router?: {
    readonly version: string
    readonly revision: number
    readonly generation: number
    readonly services: Readonly<Record<string, string>>
  }
  readonly nic?: { readonly mac: string; readonly address: string; readonly state: string }
  readonly guest?: { readonly state: string; readonly addresses: readonly string[] }
  /** What did not answer, and why. */
  readonly problems: readonly string[]
}

export async function readStatus(dir: string, signal: AbortSignal): Promise<LabStatus> {
  const home = labHome(dir)
  const record = await readRecord(home)
  if (record === undefined) return { up: false, problems: [] }
  const below = record.xenserver ? "pool" : "libvirtd"
  const guest = await (record.xenserver ? findPoolVm(home, signal) : findDomain(home, record, signal))
  const choices = choicesOf(record)
  if (guest === undefined) {
    const problem = record.xenserver ? "the XAPI lab host does not run" : "libvirtd does not run"
    return { up: false, choices, [below]: "stopped", problems: [problem] }
  }
  return { choices, [below]: "running", ...(await readParts(home, guest, signal)) }
}

/** The lab's guest where what it stands on runs. */
interface FoundGuest {
  state(): Promise<string | undefined>
  readonly agent: GuestAgent
}

async function findDomain(home: LabHome, record: LabRecord, signal: AbortSignal): Promise<FoundGuest | undefined> {
  const uri = await findLibvirtd(home, record)
  if (uri === undefined) return undefined
  const { guest } = home.names
  return { state: () => domainState(uri, guest), agent: connectGuestAgent(uri, guest, signal) }
}

function choicesOf({ network, via, privateLibvirtd, xenserver }: LabRecord): LabChoices {
  return { network, via, privateLibvirtd, xenserver }
}

async function readParts(
  home: LabHome,
  guest: FoundGuest,
  signal: AbortSignal,
): Promise<Omit<LabStatus, "choices" | "libvirtd" | "pool">> {
  const problems: string[] = []
  const ask = async <Answer>(what: string, question: () => Promise<Answer>): Promise<Answer | undefined> => {
    try {
      return await question()
    } catch (error) {
      problems.push(`${what}: ${error instanceof Error ? error.message : String(error)}`)
      return undefined
    }
  }
  const lab = await openLabRooms(home)
  try {
    const { rooms } = lab
    const network = await rooms.store.findNetwork(home.names.network)
    const [nic] = await rooms.store.listNics()
    const call = newCall({ signal, timeoutMs: 10_000 })
    const router =
      network === undefined ? undefined : await ask("router", () => readRouterStatus(network.id, rooms, call))
    const state = (await ask("guest", () => guest.state())) ?? "absent"
    const addresses =
      nic === undefined || state !== "running"
        ? []
        : ((await ask("guest", () => readGuestAddresses(guest.agent, nic.mac))) ?? [])
    return {
      up: problems.length === 0 && router !== undefined && nic !== undefined && addresses.includes(String(nic.ipv6)),
      ...(network && { network: { name: network.name, prefix: String(network.ipv6?.prefix) } }),
      ...(router && { router: partOf(router) }),
      ...(nic && { nic: { mac: nic.mac, address: String(nic.ipv6), state: nic.state } }),
      guest: { state, addresses },
      problems,
    }
  } finally {
    await lab.close()
  }
}

function partOf({ version, revision, generation, services }: RouterStatus): NonNullable<LabStatus["router"]> {
  return { version, revision, generation, services }
}

async function findLibvirtd(home: LabHome, choices: LabChoices): Promise<string | undefined> {
  if (choices.privateLibvirtd) return (await findPrivateLibvirtd(home.libvirtd))?.uri
  for (const socket of ["/run/libvirt/libvirt-sock", "/run/libvirt/virtqemud-sock"]) {
    if (await answers(socket)) return "qemu:///system"
  }
  return undefined
}
