import { Slash64Error } from "@slash64/core"
import type { HostParts } from "../libvirt/parts.ts"
import { parseXml } from "../xml/parse-xml.ts"

/** What runs a router's instructions: KVM where libvirt offers it and the configuration does not forbid it. */
export async function chooseVirtualization(
  { libvirt, config }: HostParts,
  signal: AbortSignal,
): Promise<"kvm" | "qemu"> {
  const wanted = config.emulation ?? "auto"
  if (wanted === "tcg") return "qemu"
  if (offersKvm(await libvirt.capabilities(signal))) return "kvm"
  if (wanted === "auto") return "qemu"
  throw new Slash64Error("FAILED_PRECONDITION", "emulation kvm: libvirt on this host offers no KVM", {
    field: "emulation",
    value: "kvm",
    hint: "Enable virtualization in the firmware and load kvm_intel or kvm_amd, or set emulation to auto.",
  })
}

/** https://libvirt.org/formatcaps.html */
export function offersKvm(capabilities: string): boolean {
  const guests = parseXml(capabilities, "capabilities").all("guest")
  const x86 = guests.flatMap((guest) => guest.all("arch")).filter((arch) => arch.attribute("name") === "x86_64")
  return x86.some((arch) => arch.all("domain").some((domain) => domain.attribute("type") === "kvm"))
}
