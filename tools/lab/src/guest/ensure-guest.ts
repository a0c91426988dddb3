import { copyFile, mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { LabHome } from "../lab/lab-home.ts"
import { domainState, virsh } from "../lab/virsh.ts"
import type { GuestImage } from "./build-guest-image.ts"
import { guestDomainXml } from "./guest-domain.ts"

/** The lab's guest is defined and runs, with no NIC of ours yet. One that runs already is left as it is. */
export async function ensureGuest(
  home: LabHome,
  uri: string,
  image: GuestImage,
  accel: "kvm" | "tcg",
  signal: AbortSignal,
): Promise<void> {
  const { guest: name, guestUuid: uuid } = home.names
  const state = await domainState(uri, name)
  if (state === "running") return
  if (state === undefined) {
    await mkdir(home.guestImage, { recursive: true, mode: 0o711 })
    const placed = { kernel: join(home.guestImage, "vmlinuz"), initramfs: join(home.guestImage, "initramfs") }
    await copyFile(image.kernel, placed.kernel)
    await copyFile(image.initramfs, placed.initramfs)
    const file = join(home.dir, "guest.xml")
    const guest = { ...placed, uuid, name, lab: home.dir, accel, consoleLog: home.guestConsole }
    await writeFile(file, guestDomainXml(guest))
    await virsh(uri, ["define", file], signal)
  }
  await virsh(uri, ["start", name], signal)
}

/** The guest is gone. Absent: success. */
export async function removeGuest(home: LabHome, uri: string): Promise<void> {
  const { guest } = home.names
  const state = await domainState(uri, guest)
  if (state === undefined) return
  if (state !== "shut off") await virsh(uri, ["destroy", guest])
  await virsh(uri, ["undefine", guest])
}
