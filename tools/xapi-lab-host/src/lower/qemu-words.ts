import type { DiskSpec, PortSpec, VmSpec } from "./lower-half.ts"

export interface MachineFiles {
  /** Gets what the guest writes to its serial line. */
  readonly console: string
  readonly monitor: string
  /** Where the guest's agent, if it has one, is spoken to. */
  readonly agent: string
  readonly pid: string
}

/** What runs the instructions of the guests of a host. */
export type Accel = "kvm" | "tcg"

const accelWords: Readonly<Record<Accel, readonly string[]>> = {
  kvm: ["-accel", "kvm", "-cpu", "host"],
  tcg: ["-accel", "tcg,thread=multi,tb-size=64", "-cpu", "max"],
}

/** The command line of a VM's QEMU. */
export function qemuWords(vm: VmSpec, files: MachineFiles, accel: Accel): readonly string[] {
  const memoryMiB = Math.max(16, Math.floor(vm.memoryBytes / 1024 ** 2))
  return [
    ["-name", vm.id, ...accelWords[accel], "-machine", "pc"],
    ["-smp", String(vm.vcpus), "-m", String(memoryMiB)],
    ["-nodefaults", "-no-user-config", "-display", "none", "-pidfile", files.pid],
    ["-serial", `file:${escapeWord(files.console)}`, "-qmp", `unix:${escapeWord(files.monitor)},server=on,wait=off`],
    // Firmware leaves it alone, so that it tells whether the guest has drivers.
    ["-device", "virtio-rng-pci,id=pv"],
    ["-device", "virtio-serial-pci", "-chardev", `socket,id=agent,path=${escapeWord(files.agent)},server=on,wait=off`],
    ["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"],
    ...vm.disks.map(diskWords),
    ...vm.ports.map((port) => {
      const { netdev, device } = portObjects(port)
      return ["-netdev", keyWords("tap", netdev), "-device", keyWords("virtio-net-pci", device)]
    }),
    vm.paused ? ["-S"] : [],
  ].flat()
}

function diskWords({ device, file, readOnly }: DiskSpec, index: number): readonly string[] {
  const readonly = readOnly ? ",readonly=on" : ""
  return [
    "-drive",
    `if=none,id=disk${device},format=raw,file=${escapeWord(file)}${readonly}`,
    "-device",
    `virtio-blk-pci,id=vbd${device},drive=disk${device},bootindex=${index}`,
  ]
}

/** The two halves of a NIC, as the monitor wants them too; no checksum offload, which a user-space switch cannot do. */
export function portObjects({ name, device, mac, mtu }: PortSpec) {
  return {
    netdev: { id: `net${device}`, ifname: name, script: "no", downscript: "no", vnet_hdr: false },
    device: { id: `vif${device}`, netdev: `net${device}`, mac, host_mtu: mtu, romfile: "" },
  }
}

function keyWords(kind: string, values: Readonly<Record<string, string | number | boolean>>): string {
  const written = Object.entries(values).map(([key, value]) => {
    const word = typeof value === "boolean" ? (value ? "on" : "off") : escapeWord(String(value))
    return `,${key}=${word}`
  })
  return `${kind}${written.join("")}`
}

/** A comma stands for itself when it stands twice (qemu(1)). */
function escapeWord(text: string): string {
  return text.replaceAll(",", ",,")
}
