import { readNicStatus } from "@slash64/core"
import type { RouterLease } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { card } from "../output/table.ts"
import type { Session } from "../session.ts"
import { findNic } from "./find-nic.ts"
import { nicCard } from "./nic-card.ts"

/** The record, and beside it what is: the port on the host, the router's leases, and what the guest shows. */
export async function show(session: Session, id: string): Promise<Answer> {
  const nic = await findNic(await session.store(), id)
  session.call.report({ step: "asking host and router" })
  const [status = { nic, problems: [] }] = await readNicStatus([nic], await session.rooms(), session.call)
  const { port, leases, observed } = status
  const problems = status.problems.map(({ text }) => text)
  const now = card({
    plugged:
      port === undefined ? "no" : [port.live ? "live" : "", port.persistent ? "kept" : ""].filter(Boolean).join(", "),
    port: port?.port,
    leased: leases && (leases.map(leaseText).join(", ") || "nothing"),
    "guest shows": observed?.addresses.join(", "),
  })
  return {
    json: { ...status, problems },
    text: [nicCard(nic), now, ...problems.map((problem) => `problem: ${problem}`)].join("\n"),
  }
}

function leaseText({ address, expiresAt }: RouterLease): string {
  return `${address} until ${new Date(expiresAt * 1000).toISOString()}`
}
