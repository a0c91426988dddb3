import type { Database } from "./model/database.ts"
import { type Ref, nullRef } from "./model/types.ts"
import { wireTime } from "./wire-time.ts"

export interface HostPlan {
  readonly name: string
  /** Where its management interface answers; HOST_IS_SLAVE tells the master's. */
  readonly address: string
  /** Of its NICs, in order; the first carries management. */
  readonly devices: readonly string[]
}

export interface PoolRefs {
  readonly pool: Ref
  /** In the order of the plan. */
  readonly hosts: readonly Ref[]
}

/** The release that this host answers as. */
const release = { product_brand: "XCP-ng", product_version: "8.3.0", network_backend: "openvswitch" }

/** The objects that a pool has after its installation. In a database that has them they are found. */
export function ensurePool(db: Database, plans: readonly HostPlan[]): PoolRefs {
  const [pool] = db.refs("pool")
  const hosts = plans.map((plan) => findHost(db, plan) ?? addHost(db, plan))
  // One that was down has power again.
  for (const { metrics } of hosts.map((host) => db.get("host", host))) db.set("host_metrics", metrics, { live: true })
  if (pool !== undefined) return { pool, hosts }
  const SR = db.add("SR", { name_label: "Local storage", type: "file", shared: plans.length > 1 })
  addInternalNetwork(db)
  addTemplate(db, "Debian Bookworm 12")
  addTemplate(db, "Other install media")
  return { pool: db.add("pool", { master: hosts[0] ?? nullRef, default_SR: SR }), hosts }
}

function findHost(db: Database, plan: HostPlan): Ref | undefined {
  return db.all("host").find(([, { hostname }]) => hostname === plan.name)?.[0]
}

function addHost(db: Database, { name, address, devices }: HostPlan): Ref {
  const metrics = db.add("host_metrics", { live: true, last_updated: wireTime() })
  const host = db.add("host", { name_label: name, hostname: name, address, metrics, software_version: release })
  for (const [index, device] of devices.entries()) {
    const network = ensureDeviceNetwork(db, `xenbr${index}`, device)
    const management = index === 0
    const MAC = `00:16:3e:00:${hex(db.refs("host").length)}:${hex(index)}`
    db.add("PIF", { device, network, host, MAC, physical: true, management, ...(management && { IP: address }) })
  }
  return host
}

function ensureDeviceNetwork(db: Database, bridge: string, device: string): Ref {
  const found = db.all("network").find(([, network]) => network.bridge === bridge)
  const name_label = `Pool-wide network associated with ${device}`
  return found?.[0] ?? db.add("network", { name_label, bridge, other_config: {} })
}

function addInternalNetwork(db: Database): void {
  db.add("network", {
    name_label: "Host internal management network",
    name_description: "Network on which guests will be assigned a private link-local IP address",
    bridge: "xenapi",
    other_config: {
      is_host_internal_management_network: "true",
      is_guest_installer_network: "true",
      ip_begin: "169.254.0.1",
      ip_end: "169.254.255.254",
      netmask: "255.255.0.0",
    },
  })
}

function addTemplate(db: Database, name_label: string): void {
  const memory = 1024 ** 3
  db.add("VM", {
    name_label,
    is_a_template: true,
    is_default_template: true,
    user_version: 1,
    affinity: nullRef,
    memory_static_max: memory,
    memory_dynamic_max: memory,
    memory_dynamic_min: memory,
    memory_static_min: memory,
    VCPUs_params: {},
    VCPUs_max: 1,
    VCPUs_at_startup: 1,
    actions_after_shutdown: "destroy",
    actions_after_reboot: "restart",
    actions_after_crash: "restart",
    PV_bootloader: "",
    PV_kernel: "",
    PV_ramdisk: "",
    PV_args: "",
    PV_bootloader_args: "",
    PV_legacy_args: "",
    HVM_boot_policy: "BIOS order",
    HVM_boot_params: { order: "cd" },
    platform: { viridian: "false", acpi: "1", apic: "true", pae: "true", nx: "true" },
    PCI_bus: "",
    other_config: { default_template: "true" },
    recommendations: "",
  })
}

function hex(number: number): string {
  return number.toString(16).padStart(2, "0")
}
