import { Slash64Error, isSlash64Error, messageOf } from "../errors.ts"
import type { FormerVm, Router } from "../network/records.ts"
import { checkAborted } from "../plugin/call.ts"
import type { Call } from "../plugin/call.ts"
import { redactText } from "../secrets/redact.ts"
import { isProblem, lookAtHost } from "./host-sight.ts"
import type { HostSight } from "./host-sight.ts"
import type { PlanProblem } from "./plan-step.ts"
import { beginStep, repeat } from "./repeat.ts"
import { parseSweep } from "./road-requests.ts"
import type { SweepRequest } from "./road-requests.ts"
import { road } from "./road.ts"
import type { RoadRooms } from "./road.ts"
import type { Rooms } from "./rooms.ts"

/** Something on a host that bears our mark and is in no record. */
export type Stray =
  | { readonly kind: "nic"; readonly id: string; readonly host: string; readonly vmId: string }
  | { readonly kind: "router" | "network" | "template"; readonly id: string; readonly host: string }

/** A record of something that is not on the host where it should be. */
export interface Missing {
  readonly kind: "nic" | "router"
  readonly id: string
  readonly networkId: string
  readonly host: string
}

export interface Swept {
  /** What is still there. */
  readonly strays: readonly Stray[]
  readonly removed: readonly Stray[]
  readonly missing: readonly Missing[]
  readonly problems: readonly PlanProblem[]
}

/**
 * Compares all that bears our mark on the hosts with the records, both ways. Changes nothing, unless it is asked to
 * remove what is in no record: NICs first, then routers, networks and templates. Marks do not say which store made
 * them: where hosts are shared, what another store made is a stray here. Repeated: finds nothing more.
 */
export const sweep = road("sweep", async (request: SweepRequest, rooms, call): Promise<Swept> => {
  const { remove } = parseSweep(request)
  const hosts = await rooms.store.listHosts()
  beginStep(call, "looking at the hosts")
  const seen = await Promise.all(hosts.map(async ({ name }) => [name, await lookAtHost(name, rooms, call)] as const))
  const problems: PlanProblem[] = seen.flatMap(([, sight]) => (isProblem(sight) ? [sight] : []))
  const sights = seen.flatMap(([name, sight]) => (isProblem(sight) ? [] : [[name, sight] as const]))
  // The hosts were read first: what a road has made since has its record by now.
  const records = await readRecords(rooms)
  const strays = sights.flatMap(([name, sight]) => straysOn(name, sight, records)).toSorted(byOrder)
  const missing = sights.flatMap(([name, sight]) => missingOn(name, sight, records))
  const removed: Stray[] = []
  for (const stray of remove ? strays : []) {
    try {
      if (await removeStray(stray, rooms, call)) removed.push(stray)
    } catch (error) {
      checkAborted(call.signal)
      problems.push(toProblem(stray, error))
    }
  }
  return { strays: strays.filter((one) => !removed.includes(one)), removed, missing, problems }
})

/** Where something is by its record; whether it must be there. */
interface Known extends Missing {
  readonly settled: boolean
}

interface Records {
  /** By id. */
  readonly nics: ReadonlyMap<string, Known>
  readonly routers: ReadonlyMap<string, Known>
  readonly networks: ReadonlySet<string>
  readonly templates: ReadonlySet<string>
}

async function readRecords({ store }: Rooms): Promise<Records> {
  const [nics, routers, networks, templates] = await Promise.all([
    store.listNics(),
    store.listRouters(),
    store.listNetworks(),
    store.listTemplates(),
  ])
  return {
    nics: new Map(
      nics.map(({ id, networkId, host, state }) => [
        id,
        { kind: "nic", id, networkId, host, settled: state === "attached" },
      ]),
    ),
    routers: new Map(routers.flatMap(vmsOf)),
    networks: new Set(networks.map(({ id }) => id)),
    templates: new Set(templates.map(({ digest }) => digest)),
  }
}

/** By the ids that hosts know them by. One that is to come or to go is missed nowhere. */
function vmsOf(router: Router): readonly (readonly [string, Known])[] {
  const { networkId, state, replacement, former = [] } = router
  const others = [...former, ...(replacement === undefined ? [] : [replacement])]
  const known = (vm: FormerVm, settled: boolean) =>
    [vm.vmId, { kind: "router", id: vm.vmId, networkId, host: vm.host, settled }] as const
  return [...others.map((vm) => known(vm, false)), known(router, state === "running")]
}

function straysOn(host: string, sight: HostSight, records: Records): readonly Stray[] {
  const nics = [...sight.nics.values()].filter(({ id }) => !records.nics.has(id))
  const of = (kind: "router" | "network" | "template", ids: Iterable<string>, known: Ids): readonly Stray[] =>
    [...ids].filter((id) => !known.has(id)).map((id) => ({ kind, id, host }))
  return [
    ...nics.map(({ id, vmId }): Stray => ({ kind: "nic", id, host, vmId })),
    ...of("router", sight.routers.keys(), records.routers),
    ...of("network", sight.networks.keys(), records.networks),
    ...of("template", sight.templates.keys(), records.templates),
  ]
}

interface Ids {
  has(id: string): boolean
}

function missingOn(host: string, sight: HostSight, { nics, routers }: Records): readonly Missing[] {
  const absent = [
    ...[...nics.values()].filter(({ id }) => !sight.nics.has(id)),
    ...[...routers.values()].filter(({ id }) => !sight.routers.has(id)),
  ]
  return absent
    .filter((one) => one.host === host && one.settled)
    .map(({ kind, id, networkId }) => ({ kind, id, networkId, host }))
}

/** False when a record has come meanwhile. */
async function removeStray(stray: Stray, rooms: RoadRooms, call: Call): Promise<boolean> {
  const records = await readRecords(rooms)
  beginStep(call, `removing ${stray.kind} ${stray.id} from host ${stray.host}`)
  const host = await repeat(rooms, call, () => rooms.hosts.open(stray.host, call))
  switch (stray.kind) {
    case "nic":
      if (records.nics.has(stray.id)) return false
      await repeat(rooms, call, () => host.detachNic({ id: stray.id, vmId: stray.vmId }, call))
      return true
    case "router":
      if (records.routers.has(stray.id)) return false
      await repeat(rooms, call, () => host.removeRouter(stray.id, call))
      return true
    case "network":
      if (records.networks.has(stray.id)) return false
      await repeat(rooms, call, () => host.removeNetwork(stray.id, call))
      return true
    case "template":
      if (records.templates.has(stray.id)) return false
      await repeat(rooms, call, () => host.removeTemplate(stray.id, call))
      return true
  }
}

const order = ["nic", "router", "network", "template"]

function byOrder(a: Stray, b: Stray): number {
  return order.indexOf(a.kind) - order.indexOf(b.kind)
}

function toProblem({ kind, id, host }: Stray, error: unknown): PlanProblem {
  const known = isSlash64Error(error) ? error : new Slash64Error("INTERNAL", messageOf(error))
  const hint = known.hint ?? "Look at it, then repeat."
  return { subject: `${kind} ${id} on host ${host}`, problem: redactText(known.message), hint: redactText(hint) }
}
