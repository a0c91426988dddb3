import type { GuestImage } from "./build-guest-image.ts"
import { guestCommandLine } from "./guest-contents.ts"

/** What tells the lab's own VMs from all others. */
export const labMark = "urn:slash64:lab:1"

export interface GuestDomain extends GuestImage {
  readonly uuid: string
  /** Letters, digits, `-` and `.`. */
  readonly name: string
  /** Which lab it belongs to: the lab's directory. */
  readonly lab: string
  readonly accel: "kvm" | "tcg"
  /** Where the host keeps what the guest prints. */
  readonly consoleLog: string
}

/** The libvirt domain of a lab guest, without a NIC (https://libvirt.org/formatdomain.html). */
export function guestDomainXml(guest: GuestDomain): string {
  const { type, cpu, cache } =
    guest.accel === "kvm"
      ? { type: "kvm", cpu: "host-passthrough", cache: "" }
      : // Without a limit QEMU's translations alone take 1.4 GB.
        { type: "qemu", cpu: "maximum", cache: '<tcg><tb-cache unit="MiB">32</tb-cache></tcg>' }
  return `<domain type="${type}">
  <name>${escape(guest.name)}</name>
  <uuid>${escape(guest.uuid)}</uuid>
  <metadata><lab:guest xmlns:lab="${labMark}" dir="${escape(guest.lab)}"/></metadata>
  <memory unit="MiB">256</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch="x86_64" machine="pc">hvm</type>
    <kernel>${escape(guest.kernel)}</kernel>
    <initrd>${escape(guest.initramfs)}</initrd>
    <cmdline>${escape(guestCommandLine)}</cmdline>
  </os>
  <features><acpi/><apic/>${cache}</features>
  <cpu mode="${cpu}"/>
  <devices>
    <controller type="usb" model="none"/>
    <memballoon model="none"/>
    <rng model="virtio"><backend model="random">/dev/urandom</backend></rng>
    <channel type="unix"><target type="virtio" name="org.qemu.guest_agent.0"/></channel>
    <serial type="pty"><log file="${escape(guest.consoleLog)}" append="off"/><target port="0"/></serial>
  </devices>
</domain>
`
}

function escape(text: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? "")
}
