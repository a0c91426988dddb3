import { join } from "node:path"
import type { LabHome } from "../lab/lab-home.ts"
import type { LabChoices } from "../lab/lab-record.ts"
import type { LabHypervisor } from "../lab/lab-hypervisor.ts"
import type { Steps } from "../lab/steps.ts"
import { openGuestDisk } from "../lab/build-images.ts"
import type { GuestImage } from "../guest/build-guest-image.ts"
import { ensurePoolGuest } from "./ensure-pool-guest.ts"
import { poolGuestAgent } from "./find-pool-vm.ts"
import { ensurePool } from "./pool-program.ts"
import { registerPool } from "./register-pool.ts"
import { openXapiSession } from "./xapi-session.ts"

/** The NIC of the pool's host that carries no management, and a tag on it. */
const uplink = "eth1"
const tag = 64
/** On the internal management network, where dom0 is 169.254.0.1. */
const controlAddress = "169.254.64.2/16"

/** A pool of tools/xapi-lab-host with the lab's guest on it. */
export async function openPool(
  home: LabHome,
  choices: LabChoices,
  image: GuestImage,
  accel: "kvm" | "tcg",
  steps: Steps,
  signal: AbortSignal,
): Promise<LabHypervisor> {
  const disk = await steps.step("building the guest's disk", () => openGuestDisk(image, signal))
  const pool = await steps.step("starting the XAPI lab host", () => ensurePool(home.pool, accel, signal))
  const vmId = await steps.step("booting the guest", async () => {
    const xapi = await openXapiSession(pool, signal)
    try {
      return await ensurePoolGuest(xapi, { lab: home.dir, name: home.names.guest, disk })
    } finally {
      await xapi.logOut()
    }
  })
  return {
    attachment: choices.network === "vlan" ? { kind: "vlan", uplink, vlan: tag } : { kind: "isolated" },
    templateFormat: "vhd",
    controlAddress,
    guest: {
      vmId,
      agent: poolGuestAgent(home, vmId, signal),
      consoleLog: join(home.pool, "host-1/vms", vmId, "console.log"),
    },
    register: () => registerPool(home, pool, signal),
  }
}
