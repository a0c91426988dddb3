import type { HeaderFacts } from "./parse-header.ts"
import { codecName, typeName } from "./names.ts"
import type { Struct } from "./parse-protocol.ts"
import type { Protocol } from "./protocol.ts"

/** The kinds of object that have events: the enum of their event IDs, and where the messages' names begin. */
const families = [
  { table: "domainEvents", enumeration: "virDomainEventID", id: "VIR_DOMAIN_EVENT_ID_", stem: "domain_event_" },
  { table: "networkEvents", enumeration: "virNetworkEventID", id: "VIR_NETWORK_EVENT_ID_", stem: "network_event_" },
  {
    table: "storagePoolEvents",
    enumeration: "virStoragePoolEventID",
    id: "VIR_STORAGE_POOL_EVENT_ID_",
    stem: "storage_pool_event_",
  },
  {
    table: "nodeDeviceEvents",
    enumeration: "virNodeDeviceEventID",
    id: "VIR_NODE_DEVICE_EVENT_ID_",
    stem: "node_device_event_",
  },
  { table: "secretEvents", enumeration: "virSecretEventID", id: "VIR_SECRET_EVENT_ID_", stem: "secret_event_" },
] as const

type Family = (typeof families)[number]

/** For each kind of object: what an event of each ID holds, and how it is read. */
export function renderEventTables(protocol: Protocol, headers: HeaderFacts): string {
  return [...families.map((family) => renderTable(family, protocol, headers)), renderMonitorEvent(protocol)].join(
    "\n\n",
  )
}

function renderTable(family: Family, protocol: Protocol, headers: HeaderFacts): string {
  const interfaceName = family.table.charAt(0).toUpperCase() + family.table.slice(1)
  const rows = headers.members
    .filter((member) => member.enumeration === family.enumeration)
    .map((member) => {
      const event = member.name.slice(family.id.length).toLowerCase()
      return { id: member.value, message: messageOf(family.stem, event, protocol) }
    })
  return [
    `export interface ${interfaceName} {`,
    ...rows.map(({ id, message }) => `  readonly ${id}: t.${message.eventType}`),
    "}",
    "",
    `export const ${family.table}: { readonly [ID in keyof ${interfaceName}]: EventKind<${interfaceName}[ID]> } = {`,
    ...rows.map(
      ({ id, message: { number, struct, path } }) =>
        `  ${id}: eventKind(p.REMOTE_PROGRAM, ${number}, c.${codecName(struct)}, (message) => message${path}),`,
    ),
    "}",
  ].join("\n")
}

function renderMonitorEvent(protocol: Protocol): string {
  const number = protocol.number("QEMU_PROC_DOMAIN_MONITOR_EVENT")
  const codec = codecName("qemu_domain_monitor_event_msg")
  return `export const qemuMonitorEvent = eventKind(p.QEMU_PROGRAM, ${number}, c.${codec}, (message) => message)`
}

interface EventMessage {
  readonly number: number
  readonly struct: string
  readonly eventType: string
  readonly path: "" | ".msg"
}

/** Messages that are as old as their ID come in two forms; the one named `callback` carries a callbackID. */
function messageOf(stem: string, event: string, protocol: Protocol): EventMessage {
  for (const name of [`${stem}callback_${event}`, `${stem}${event}`]) {
    const struct = `remote_${name}_msg`
    if (!protocol.has(struct)) continue
    const definition = protocol.definition(struct)
    if (definition.kind !== "struct") throw new Error(`${struct} should be a struct`)
    const inner = innerMessage(definition)
    return {
      number: protocol.number(`REMOTE_PROC_${name.toUpperCase()}`),
      struct,
      eventType: typeName(inner ?? struct),
      path: inner === undefined ? "" : ".msg",
    }
  }
  throw new Error(`No message is known for the event ${stem}${event}`)
}

function innerMessage(struct: Struct): string | undefined {
  if (!struct.fields.some((field) => field.name === "callbackID")) throw new Error(`${struct.name} has no callbackID`)
  return struct.fields.find((field) => field.name === "msg")?.type
}
