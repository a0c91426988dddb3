import { findPrivateLibvirtd, startLibvirtd } from "../libvirtd.ts"
import type { Libvirtd } from "../libvirtd.ts"
import type { LabHome } from "./lab-home.ts"
import type { LabChoices } from "./lab-record.ts"

/** The libvirtd of a lab: the one that runs, or a new one. */
export async function openLibvirtd(
  home: LabHome,
  choices: LabChoices,
  accel: "kvm" | "tcg",
  signal: AbortSignal,
): Promise<Libvirtd> {
  const own = choices.privateLibvirtd
  const running = own ? await findPrivateLibvirtd(home.libvirtd) : undefined
  if (running !== undefined) return running
  return startLibvirtd({ dir: home.libvirtd, private: own, hideKvm: accel === "tcg", hold: "detached", signal })
}
