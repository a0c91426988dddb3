import { ensureGround } from "../ground/ensure-ground.ts"
import type { GuestImage } from "../guest/build-guest-image.ts"
import { ensureGuest } from "../guest/ensure-guest.ts"
import { connectGuestAgent } from "../guest/guest-agent.ts"
import type { LabHome } from "./lab-home.ts"
import type { LabHypervisor } from "./lab-hypervisor.ts"
import { openLibvirtd } from "./lab-libvirtd.ts"
import type { LabChoices } from "./lab-record.ts"
import { hostRecord } from "./open-rooms.ts"
import { reachHost } from "./reach-host.ts"
import type { Steps } from "./steps.ts"

/** A libvirtd of this machine with the lab's guest on it. */
export async function openKvm(
  home: LabHome,
  choices: LabChoices,
  image: GuestImage,
  accel: "kvm" | "tcg",
  steps: Steps,
  signal: AbortSignal,
): Promise<LabHypervisor> {
  const libvirtd = await steps.step("starting libvirtd", () => openLibvirtd(home, choices, accel, signal))
  const ground = await steps.step("making the bridge", () => ensureGround(home, choices))
  const access = await steps.step("reaching the host", () => reachHost(home, choices, libvirtd, ground.environment))
  await steps.step("booting the guest", () => ensureGuest(home, libvirtd.uri, image, accel, signal))
  const { guest, guestUuid } = home.names
  return {
    attachment: ground.attachment,
    templateFormat: "qcow2",
    guest: {
      vmId: guestUuid,
      agent: connectGuestAgent(libvirtd.uri, guest, signal),
      consoleLog: home.guestConsole,
    },
    async register({ rooms }) {
      await rooms.store.putHost(hostRecord(home, choices, access, accel))
    },
  }
}
