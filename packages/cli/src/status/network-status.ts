import { readRouterStatus, withTimeout } from "@slash64/core"
import type { Nic, Router, RouterStatus, SharedNetwork } from "@slash64/core"
import { showError } from "../output/show-error.ts"
import type { Session } from "../session.ts"
import { raProblems } from "./ra-problems.ts"
import { patienceMs } from "./host-status.ts"

export interface NetworkStatus {
  readonly id: string
  readonly name: string
  readonly prefix?: string
  /** NICs that have an address here, whatever their state. */
  readonly nics: number
  /** IPv6 addresses that a NIC can still get; text, since it does not fit a JSON number. */
  readonly free?: string
  readonly router?: Pick<Router, "id" | "host" | "state" | "templateVersion"> & { readonly status?: RouterStatus }
  readonly problems: readonly string[]
}

export async function lookAtNetwork(session: Session, network: SharedNetwork): Promise<NetworkStatus> {
  const { store } = await session.rooms()
  const [router, nics, counts] = await Promise.all([
    store.findRouter(network.id),
    store.listNics({ networkId: network.id }),
    store.countAddresses(network.id),
  ])
  const asked = router?.state === "running" ? await askRouter(session, network) : {}
  const { id, name, ipv6, ipv4 } = network
  const prefix = ipv6?.prefix ?? ipv4?.prefix
  const free = (counts.ipv6 ?? counts.ipv4)?.free
  const problems = [
    ...nics.filter((nic) => nic.state !== "attached").map(unfinished),
    ...routerProblems(network, router),
    ...(asked.problem === undefined ? [] : [asked.problem]),
    ...(asked.status === undefined ? [] : statusProblems(network, asked.status, asked.revision)),
    ...(asked.status === undefined ? [] : raProblems(network, asked.status)),
  ]
  return {
    id,
    name,
    ...(prefix !== undefined && { prefix }),
    nics: nics.length,
    ...(free !== undefined && { free: String(free) }),
    ...(router !== undefined && { router: { ...shown(router), ...(asked.status && { status: asked.status }) } }),
    problems,
  }
}

interface Asked {
  readonly status?: RouterStatus
  /** The store's revision, read before the router was asked. */
  readonly revision?: number
  readonly problem?: string
}

async function askRouter(session: Session, network: SharedNetwork): Promise<Asked> {
  try {
    const rooms = await session.rooms()
    const revision = (await rooms.store.readNetwork(network.id))?.revision
    const status = await readRouterStatus(network.id, rooms, withTimeout(session.call, patienceMs))
    return { status, ...(revision !== undefined && { revision }) }
  } catch (error) {
    session.call.signal.throwIfAborted()
    return { problem: `router of ${network.name}: ${showError(error).message}` }
  }
}

function shown({
  id,
  host,
  state,
  templateVersion,
}: Router): Pick<Router, "id" | "host" | "state" | "templateVersion"> {
  return { id, host, state, templateVersion }
}

function unfinished({ id, state }: Nic): string {
  return state === "leaving"
    ? `NIC ${id} is half detached. Finish it: slash64 nic detach ${id}`
    : `NIC ${id} is half attached. Repeat its nic attach, or slash64 nic detach ${id}`
}

function routerProblems({ name }: SharedNetwork, router: Router | undefined): readonly string[] {
  if (router === undefined || router.state === "running") return []
  const verb = router.state === "leaving" ? "remove" : "start"
  return [`router of ${name} is ${router.state}. Finish it: slash64 router ${verb} ${name}`]
}

function statusProblems(
  { name }: SharedNetwork,
  status: RouterStatus,
  revision: number | undefined,
): readonly string[] {
  const stopped = Object.entries(status.services).filter(([, state]) => state !== "running")
  return [
    ...stopped.map(([service]) => `router of ${name}: ${service} does not run`),
    ...status.drifted.map(
      (file) => `router of ${name}: somebody changed ${file}. Mend it: slash64 router push ${name}`,
    ),
    ...(revision !== undefined && status.revision < revision
      ? [
          `router of ${name} is behind: revision ${status.revision} of ${revision}. Mend it: slash64 router push ${name}`,
        ]
      : []),
  ]
}
