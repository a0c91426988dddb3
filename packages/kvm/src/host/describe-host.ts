import type { Call, HostDescription, HostFinding, NetworkAttachment } from "@slash64/core"
import { type KvmConfig, defaultStorage } from "../config/kvm-config.ts"
import type { HostParts } from "../libvirt/parts.ts"
import { type HostProbe, probeHost } from "./probe-host.ts"
import { offersKvm } from "./virtualization.ts"

export async function describeHost(parts: HostParts, call: Call): Promise<HostDescription> {
  const { signal } = call
  const { libvirt, config, shell } = parts
  const versions = await libvirt.versions(signal)
  const kvmOffered = offersKvm(await libvirt.capabilities(signal))
  const probe = await probeHost(shell, config.storage ?? defaultStorage, signal)
  return {
    hypervisor: `libvirt ${versions.libvirt}, ${versions.hypervisor === undefined ? "no QEMU" : `QEMU ${versions.hypervisor}`}`,
    version: versions.libvirt,
    capabilities: {
      attachments: attachmentsOf(probe),
      templateFormats: ["qcow2", "raw"],
      liveAttach: true,
      portSecurity: false,
      securityGroups: false,
      watch: true,
      acceleration: kvmOffered && config.emulation !== "tcg" ? "kvm" : "tcg",
    },
    findings: findingsOf({
      probe,
      kvmOffered,
      config,
      libvirtVersion: versions.libvirt,
      qemuVersion: versions.hypervisor,
    }),
  }
}

function attachmentsOf(probe: HostProbe): readonly NetworkAttachment["kind"][] {
  return [
    "isolated",
    "bridge",
    ...(probe.vlan ? (["vlan"] as const) : []),
    ...(probe.openVswitch ? (["openvswitch"] as const) : []),
  ]
}

interface HostState {
  readonly probe: HostProbe
  readonly kvmOffered: boolean
  readonly config: KvmConfig
  readonly libvirtVersion: string
  readonly qemuVersion: string | undefined
}

/** What is missing or amiss, each with what to do. */
export function findingsOf({
  probe,
  kvmOffered,
  config,
  libvirtVersion,
  qemuVersion,
}: HostState): readonly HostFinding[] {
  const storage = config.storage ?? defaultStorage
  const { root } = probe
  const rows: readonly (HostFinding | false)[] = [
    !kvmOffered &&
      config.emulation !== "tcg" && {
        severity: config.emulation === "kvm" ? "error" : "warning",
        subject: "kvm",
        problem: probe.kvmDevice
          ? "libvirt offers no KVM although /dev/kvm is there: routers are emulated, and slower"
          : "there is no /dev/kvm: routers are emulated, and slower",
        hint: "Enable virtualization in the firmware, load kvm_intel or kvm_amd, and restart libvirtd.",
      },
    qemuVersion === undefined && {
      severity: "error",
      subject: "qemu",
      problem: "libvirt finds no QEMU on the host: no VM and no router can run",
      hint: "Install QEMU (Debian: qemu-system-x86), and restart libvirtd.",
    },
    olderThan(libvirtVersion, 6, 5) && {
      severity: "warning",
      subject: "libvirt",
      problem: `libvirt ${libvirtVersion} reads no hook directory: a VLAN's bridge is not made again after a reboot`,
      hint: "Use libvirt 6.5 or later.",
    },
    probe.ipv6Disabled && {
      severity: "error",
      subject: "ipv6",
      problem: "IPv6 is disabled in the host's kernel: the routers' control NICs cannot be reached",
      hint: "Set net.ipv6.conf.all.disable_ipv6=0, or give control.range an IPv4 prefix.",
    },
    probe.bridgeFilter &&
      root?.forwardDrops === true && {
        severity: "error",
        subject: "bridge filter",
        problem: "ip6tables' FORWARD policy is DROP and holds for bridged packets too: guests on a bridge cannot talk",
        hint: "Set net.bridge.bridge-nf-call-ip6tables=0, or let FORWARD accept bridged packets.",
      },
    !probe.vlan && {
      severity: "warning",
      subject: "8021q",
      problem: "the kernel has no 802.1Q (module 8021q): no network on a VLAN can be made",
      hint: "Install a kernel with the module 8021q; networks on a bridge need none.",
    },
    root === undefined && {
      severity: "warning",
      subject: "root",
      problem: "we may run nothing as root on the host: no network on a VLAN or Open vSwitch can be made",
      hint: "Connect as root, or let the user run `sudo -n`.",
    },
    root?.storageWritable === false && {
      severity: "error",
      subject: "storage",
      problem: `${storage} cannot be written`,
      hint: "Give another directory as storage in the host's configuration.",
    },
    root !== undefined &&
      root.storageFreeKiB < 1024 * 1024 && {
        severity: "warning",
        subject: "storage",
        problem: `${storage} has ${Math.floor(root.storageFreeKiB / 1024)} MiB left`,
        hint: "Free some: a template takes 40 MB, and a router up to its disk's size.",
      },
  ]
  return rows.filter((row) => row !== false)
}

function olderThan(version: string, major: number, minor: number): boolean {
  const [has = 0, hasMinor = 0] = version.split(".").map(Number)
  return has < major || (has === major && hasMinor < minor)
}
