import { readRouterStatus, withTimeout } from "@slash64/core"
import type { Nic, RouterLease } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { showError } from "../output/show-error.ts"
import { card } from "../output/table.ts"
import type { Session } from "../session.ts"
import { patienceMs } from "../status/host-status.ts"
import { explainNic } from "./explain-nic.ts"
import { findNic } from "./find-nic.ts"
import { nicCard } from "./nic-card.ts"

/** The record, and beside it what is: the port on the host, the router's leases, and what the guest shows. */
export async function show(session: Session, id: string): Promise<Answer> {
  const nic = await findNic(await session.store(), id)
  const host = await session.host(nic.host)
  session.call.report({ step: "asking the host" })
  const port = (await host.listNics(session.call)).find((one) => one.id === nic.id)
  const observed = await host.observeNic({ id: nic.id, vmId: nic.vmId }, session.call)
  const asked = await askRouter(session, nic)
  const { leases } = asked
  const problems = [...asked.problems, ...explainNic(nic, { port, observed: observed?.addresses, leases })]
  const now = card({
    plugged:
      port === undefined ? "no" : [port.live ? "live" : "", port.persistent ? "kept" : ""].filter(Boolean).join(", "),
    port: port?.port,
    leased: leases && (leases.map(leaseText).join(", ") || "nothing"),
    "guest shows": observed?.addresses.join(", "),
  })
  return {
    json: {
      nic,
      ...(port !== undefined && { port }),
      ...(leases !== undefined && { leases }),
      ...(observed !== undefined && { observed }),
      problems,
    },
    text: [nicCard(nic), now, ...problems.map((problem) => `problem: ${problem}`)].join("\n"),
  }
}

interface Asked {
  readonly leases?: readonly RouterLease[]
  readonly problems: readonly string[]
}

/** A router that does not answer is a line of the answer, not an error. */
async function askRouter(session: Session, { networkId, ipv6, ipv4 }: Nic): Promise<Asked> {
  const rooms = await session.rooms()
  if ((await rooms.store.findRouter(networkId))?.state !== "running")
    return { problems: ["no router runs on its network"] }
  try {
    const { leases } = await readRouterStatus(networkId, rooms, withTimeout(session.call, patienceMs))
    return { leases: leases.filter(({ address }) => address === ipv6 || address === ipv4), problems: [] }
  } catch (error) {
    session.call.signal.throwIfAborted()
    return { problems: [`its router: ${showError(error).message}`] }
  }
}

function leaseText({ address, expiresAt }: RouterLease): string {
  return `${address} until ${new Date(expiresAt * 1000).toISOString()}`
}
