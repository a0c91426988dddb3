import { access, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { detachNic, newCall, removeNetwork, removeRouter } from "@slash64/core"
import type { Call } from "@slash64/core"
import { ensureGround, removeGround } from "../ground/ensure-ground.ts"
import { stopLoopbackSshd } from "../ground/loopback-sshd.ts"
import { removeGuest } from "../guest/ensure-guest.ts"
import type { Libvirtd } from "../libvirtd.ts"
import type { LabHome } from "./lab-home.ts"
import { labHome } from "./lab-home.ts"
import { openLibvirtd } from "./lab-libvirtd.ts"
import { readRecord } from "./lab-record.ts"
import type { LabChoices } from "./lab-record.ts"
import { openLabRooms } from "./open-rooms.ts"
import { reachHost } from "./reach-host.ts"
import { powerOffPool } from "../xenserver/pool-program.ts"
import type { Steps } from "./steps.ts"
import { domainNames, networkNames, virsh } from "./virsh.ts"

const logFolder = "/var/log/libvirt/qemu"

/** Removes all that the lab of this directory made, and nothing else. No lab: success. */
export async function takeDown(dir: string, steps: Steps, signal: AbortSignal): Promise<void> {
  const home = labHome(dir)
  const record = await steps.step(`looking for a lab in ${dir}`, () => readRecord(home))
  if (record === undefined) return
  if (record.xenserver) await steps.step("ending the XAPI lab host", () => powerOffPool(home.pool))
  else await takeDownKvm(home, record, steps, signal)
  await steps.step(`removing ${dir}`, () => rm(dir, { recursive: true, force: true }))
}

async function takeDownKvm(home: LabHome, record: LabChoices, steps: Steps, signal: AbortSignal): Promise<void> {
  // The machine may have been started anew meanwhile: VMs and networks are still defined, and nothing runs.
  const libvirtd = await steps.step("reaching libvirtd", () => openLibvirtd(home, record, "tcg", signal))
  const before = await namesIn(libvirtd.uri)
  await steps.step("removing the guest", () => removeGuest(home, libvirtd.uri))
  if (await exists(home.store)) {
    const call = newCall({ signal, report: (progress) => steps.report(progress) })
    await steps.step("removing NIC, router and network", () => removeRecorded(home, record, libvirtd, call))
  }
  await removeTraces(before, await namesIn(libvirtd.uri))
  await steps.step("ending what was started", async () => {
    await stopLoopbackSshd(home.sshd)
    await endLibvirtd(libvirtd, record, steps)
    await removeGround(home, record)
  })
}

async function removeRecorded(home: LabHome, choices: LabChoices, libvirtd: Libvirtd, call: Call): Promise<void> {
  const ground = await ensureGround(home, choices)
  await reachHost(home, choices, libvirtd, ground.environment)
  const lab = await openLabRooms(home)
  try {
    const { rooms } = lab
    const networks = await rooms.store.listNetworks()
    // The router goes first, so that a lab whose router is silent comes down too.
    for (const { id } of networks) await removeRouter({ network: id, force: true }, rooms, call)
    for (const { id } of await rooms.store.listNics()) await detachNic(id, rooms, call)
    for (const { id } of networks) await removeNetwork(id, rooms, call)
    for (const { name } of await rooms.store.listHosts()) {
      const host = await rooms.hosts.open(name, call)
      for (const { digest } of await rooms.store.listTemplates()) await host.removeTemplate(digest, call)
    }
  } finally {
    await lab.close()
  }
}

interface Names {
  readonly domains: readonly string[]
  readonly networks: readonly string[]
}

async function namesIn(uri: string): Promise<Names> {
  return { domains: await domainNames(uri), networks: await networkNames(uri) }
}

/** What libvirt 9.0 writes for every domain and network and leaves there when they are gone. */
async function removeTraces(before: Names, left: Names): Promise<void> {
  const domains = before.domains.filter((name) => !left.domains.includes(name))
  const networks = before.networks.filter((name) => !left.networks.includes(name))
  const logs = await readdir(logFolder).catch(() => [])
  const ours = logs.filter((file) => domains.some((name) => file.startsWith(`${name}.log`)))
  const traces = [
    ...ours.map((file) => join(logFolder, file)),
    ...networks.map((name) => join("/run/libvirt/network", name)),
  ]
  for (const trace of traces) await rm(trace, { recursive: true, force: true })
}

/** The machine's libvirtd goes only when the lab started it and nobody else's VM runs under it. */
async function endLibvirtd(libvirtd: Libvirtd, choices: LabChoices, steps: Steps): Promise<void> {
  const running = choices.privateLibvirtd ? "" : (await virsh(libvirtd.uri, ["list", "--name"])).trim()
  if (running === "") return libvirtd.stop()
  steps.note(`libvirtd goes on: it runs ${running.replaceAll("\n", ", ")}`)
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
