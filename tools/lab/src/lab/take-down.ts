import { access, rm } from "node:fs/promises"
import { detachNic, newCall, removeNetwork } from "@slash64/core"
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
import type { Steps } from "./steps.ts"
import { virsh } from "./virsh.ts"

/** Removes all that the lab of this directory made, and nothing else. No lab: success. */
export async function takeDown(dir: string, steps: Steps, signal: AbortSignal): Promise<void> {
  const home = labHome(dir)
  const record = await steps.step(`looking for a lab in ${dir}`, () => readRecord(home))
  if (record === undefined) return
  // The machine may have been started anew meanwhile: VMs and networks are still defined, and nothing runs.
  const libvirtd = await steps.step("reaching libvirtd", () => openLibvirtd(home, record, "tcg", signal))
  await steps.step("removing the guest", () => removeGuest(home, libvirtd.uri))
  if (await exists(home.store)) {
    const call = newCall({ signal, report: (progress) => steps.report(progress) })
    await steps.step("removing NIC, router and network", () => removeRecorded(home, record, libvirtd, call))
  }
  await steps.step("ending what was started", async () => {
    await stopLoopbackSshd(home.sshd)
    await endLibvirtd(libvirtd, record, steps)
    await removeGround(home, record)
  })
  await steps.step(`removing ${dir}`, () => rm(dir, { recursive: true, force: true }))
}

async function removeRecorded(home: LabHome, choices: LabChoices, libvirtd: Libvirtd, call: Call): Promise<void> {
  const ground = await ensureGround(home, choices)
  await reachHost(home, choices, libvirtd, ground.environment)
  const lab = await openLabRooms(home)
  try {
    const { rooms } = lab
    for (const nic of await rooms.store.listNics()) await detachNic(nic.id, rooms, call)
    for (const network of await rooms.store.listNetworks()) await removeNetwork(network.id, rooms, call)
    for (const { name } of await rooms.store.listHosts()) {
      const host = await rooms.hosts.open(name, call)
      for (const { digest } of await rooms.store.listTemplates()) await host.removeTemplate(digest, call)
    }
  } finally {
    await lab.close()
  }
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
