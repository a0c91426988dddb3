import { rm } from "node:fs/promises"
import { cloneGuestDisk, makeGuestDisk } from "../integration/client-guest.ts"
import { lives, type Life, type Outcome, type Player } from "./cells.ts"
import { filesFor, type Installation } from "./clients.ts"
import { nicsOf, type MatrixGround } from "./ground.ts"
import { bootMatrixGuest, type MatrixGuest } from "./matrix-guest.ts"

const installed: Installation = { machineId: "0123456789abcdef0123456789abcdef", iaid: 4097, again: false }
const reinstalled: Installation = { machineId: "fedcba9876543210fedcba9876543210", iaid: 7, again: true }

/** One player's lives, one after the other, as `wanted` has them. */
export async function liveThrough(
  player: Player,
  ground: MatrixGround,
  tree: string,
  wanted: readonly Life[] = lives,
): Promise<Outcome> {
  const nics = nicsOf(ground, player, false)
  const [disks, running]: [string[], MatrixGuest[]] = [[], []]
  const install = async (installation: Installation) => {
    const disk = await makeGuestDisk(installation.machineId, filesFor(player.client, nics, installation))
    disks.push(disk)
    return disk
  }
  const boot = async (disk: string, installation: Installation, clone = false) => {
    const request = { ground, player, disk, tree, installation, nics: nicsOf(ground, player, clone) }
    const guest = await bootMatrixGuest(request)
    running.push(guest)
    return guest
  }
  const outcome: Partial<Record<Life, readonly string[]>> = {}
  try {
    let disk = await install(installed)
    let who = installed
    let guest = await boot(disk, who)
    outcome["first boot"] = await guest.check()
    if (wanted.includes("reboot")) {
      await guest.cutPower()
      guest = await boot(disk, who)
      outcome["reboot"] = await guest.check()
    }
    if (wanted.includes("stop and start")) {
      await guest.cutPower()
      for (const [index, { nic }] of nics.entries()) await ground.links[index]?.router.release(nic.mac)
      guest = await boot(disk, who)
      outcome["stop and start"] = await guest.check()
    }
    if (wanted.includes("reinstalled")) {
      await guest.cutPower()
      who = reinstalled
      disk = await install(who)
      guest = await boot(disk, who)
      outcome["reinstalled"] = await guest.check()
    }
    if (wanted.includes("cloned")) {
      const copy = await cloneGuestDisk(
        disk,
        filesFor(player.client, nics, who),
        filesFor(player.client, nicsOf(ground, player, true), who),
      )
      disks.push(copy)
      const clone = await boot(copy, who, true)
      outcome["cloned"] = [
        ...(await clone.check()),
        ...(await guest.check()).map((problem) => `the original: ${problem}`),
      ]
    }
    return outcome
  } finally {
    for (const guest of running) await guest.cutPower()
    for (const disk of disks) await rm(disk, { recursive: true, force: true })
  }
}
