import { z } from "zod"

const range = z.strictObject({ start: z.string(), end: z.string() })
const side = {
  prefix: z.string(),
  gateway: z.string(),
  router: z.string(),
  ranges: z.array(range),
  exclusions: z.array(range),
  dns: z.array(z.string()),
}

/** The records of the store as answers show them. */
export const networkRecord = z.strictObject({
  id: z.string(),
  name: z.string(),
  attachment: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("isolated") }),
    z.strictObject({ kind: z.literal("bridge"), bridge: z.string() }),
    z.strictObject({ kind: z.literal("vlan"), uplink: z.string(), vlan: z.int() }),
    z.strictObject({ kind: z.literal("openvswitch"), bridge: z.string(), vlan: z.int().optional() }),
  ]),
  mtu: z.int(),
  ipv6: z.strictObject({ ...side, pool: z.string().optional(), ra: z.enum(["external", "router"]) }).optional(),
  ipv4: z.strictObject(side).optional(),
  domain: z.string().optional(),
  leaseSeconds: z.int(),
  quarantineSeconds: z.int(),
  policy: z.enum(["stable", "eui64", "sequential", "random"]),
  portSecurity: z.boolean(),
})

export const nicRecord = z.strictObject({
  id: z.string(),
  networkId: z.string(),
  host: z.string(),
  vmId: z.string(),
  mac: z.string(),
  duid: z.string(),
  ipv6: z.string().meta({ format: "ipv6" }).optional(),
  ipv4: z.string().meta({ format: "ipv4" }).optional(),
  hostname: z.string(),
  isDefault: z.boolean(),
  state: z.enum(["claimed", "attached", "leaving"]),
})

const routerVm = {
  vmId: z.string().meta({ description: "The id that the host knows it by" }),
  host: z.string(),
  templateDigest: z.string(),
  templateVersion: z.string(),
  controlAddress: z.string().optional(),
}

export const routerRecord = z.strictObject({
  id: z.string(),
  networkId: z.string(),
  ...routerVm,
  vcpus: z.int(),
  memoryMiB: z.int(),
  guestMac: z.string(),
  controlMac: z.string(),
  serverDuid: z.string(),
  hostKey: z.string(),
  state: z.enum(["claimed", "running", "leaving"]),
  replacement: z.strictObject(routerVm).meta({ description: "What is to take its VM's place" }).optional(),
  former: z
    .array(z.strictObject({ vmId: z.string(), host: z.string(), lost: z.literal(true).optional() }))
    .meta({ description: "VMs that were its own and are not known to be gone" })
    .optional(),
})

export const poolRecord = z.strictObject({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  policy: z.enum(["stable", "sequential"]),
  quarantineSeconds: z.int(),
})

export const poolPrefix = z.strictObject({
  poolId: z.string(),
  prefix: z.string(),
  holder: z.strictObject({ kind: z.enum(["network", "claim"]), id: z.string() }),
})

export const hostRecord = z.strictObject({
  name: z.string(),
  plugin: z.string(),
  config: z.record(z.string(), z.unknown()).meta({ description: "References to secrets, never secrets" }),
})

export const templateRecord = z.strictObject({
  digest: z.string(),
  version: z.string(),
  file: z.string(),
  format: z.enum(["qcow2", "raw", "vhd"]),
  registeredAt: z.string(),
})

const count = z.string().meta({ pattern: "^\\d+$", description: "Up to 128 bits, so it is text" })
const counts = z.strictObject({ capacity: count, held: count, resting: count, free: count, heldExcluded: count })
export const prefixCounts = counts.omit({ heldExcluded: true })
export const networkCounts = z.strictObject({ ipv6: counts.optional(), ipv4: counts.optional() })

export const pushResult = z.strictObject({
  revision: z.int(),
  generation: z.int(),
  changedFiles: z.int(),
  sentBytes: z.int(),
})

const lease = z.strictObject({ address: z.string(), client: z.string(), expiresAt: z.number() })

export const routerStatus = z.strictObject({
  routerId: z.string(),
  version: z.string(),
  revision: z.int(),
  generation: z.int(),
  bootMs: z.number(),
  services: z.record(z.string(), z.enum(["running", "stopped"])),
  drifted: z.array(z.string()),
  leases: z.array(lease),
  advertisers: z
    .array(z.strictObject({ address: z.string(), managed: z.boolean(), autonomous: z.boolean() }))
    .meta({ description: "Other routers that were heard on the link; absent: the template is older than that" })
    .optional(),
})

export const vmRecord = z.strictObject({
  id: z.string(),
  name: z.string(),
  running: z.boolean(),
  persistent: z.boolean(),
})

/** What a host says of itself may have more fields than these in a later minor version of the contract. */
export const hostDescription = z.looseObject({
  hypervisor: z.string(),
  version: z.string(),
  capabilities: z.looseObject({
    attachments: z.array(z.string()),
    liveAttach: z.boolean(),
    portSecurity: z.boolean(),
    securityGroups: z.boolean(),
    watch: z.boolean(),
    acceleration: z.string(),
  }),
  findings: z.array(
    z.strictObject({
      severity: z.enum(["warning", "error"]),
      subject: z.string(),
      problem: z.string(),
      hint: z.string(),
    }),
  ),
})

export const planProblem = z.strictObject({ subject: z.string(), problem: z.string(), hint: z.string() })

export const portRecord = z.strictObject({
  id: z.string(),
  vmId: z.string(),
  networkId: z.string(),
  mac: z.string(),
  port: z.string().optional(),
  live: z.boolean(),
  persistent: z.boolean(),
})

export const observedNic = z.strictObject({
  source: z.enum(["guest-agent", "hypervisor"]),
  device: z.string().optional(),
  addresses: z.array(z.string()),
})

export const hostStatus = z.strictObject({
  name: z.string(),
  plugin: z.string(),
  hypervisor: z.string().meta({ description: "Absent, as are the next: the host does not answer" }).optional(),
  version: z.string().optional(),
  acceleration: z.string().optional(),
  problems: z.array(planProblem),
})

export const networkStatus = z.strictObject({
  network: networkRecord,
  nics: z.int(),
  counts: networkCounts,
  revision: z.int().meta({ description: "The store's" }),
  router: routerRecord.optional(),
  routerStatus: routerStatus.meta({ description: "Absent: no router runs, or it does not answer" }).optional(),
  problems: z.array(planProblem),
})

export const nicStatus = z.strictObject({
  nic: nicRecord,
  port: portRecord.meta({ description: "Absent: the host has no such NIC, or does not answer" }).optional(),
  leases: z.array(lease).meta({ description: "Of its addresses; absent: no router says so" }).optional(),
  observed: observedNic.meta({ description: "Absent: neither hypervisor nor guest says so" }).optional(),
  problems: z.array(
    z.strictObject({ isWrong: z.boolean().meta({ description: "Something has to be done" }), text: z.string() }),
  ),
})

export const guestConfiguration = z.strictObject({
  client: z.string(),
  files: z.array(
    z.strictObject({
      path: z.string(),
      mode: z.enum(["0644", "0600"]),
      how: z.enum(["whole", "append"]),
      text: z.string(),
    }),
  ),
  commands: z.array(z.string()).meta({ description: "What takes the files into use, each a line of a shell" }),
  notes: z.array(z.string()),
})

/** Counts of up to 128 bits as text. */
export function countsAsText(counted: object): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(counted).map(([name, amount]) => [name, String(amount)]))
}
