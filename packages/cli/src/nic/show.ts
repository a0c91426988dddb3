import type { Answer } from "../answer.ts"
import { card } from "../output/table.ts"
import type { Session } from "../session.ts"
import { findNic } from "./find-nic.ts"
import { nicCard } from "./nic-card.ts"

/** The record, and beside it what is: the port on the host, and the addresses that the guest shows. */
export async function show(session: Session, id: string): Promise<Answer> {
  const nic = await findNic(await session.store(), id)
  const host = await session.host(nic.host)
  session.call.report({ step: "asking the host" })
  const port = (await host.listNics(session.call)).find((one) => one.id === nic.id)
  const observed = await host.observeNic({ id: nic.id, vmId: nic.vmId }, session.call)
  const now = card({
    plugged:
      port === undefined ? "no" : [port.live ? "live" : "", port.persistent ? "kept" : ""].filter(Boolean).join(", "),
    port: port?.port,
    "guest shows": observed?.addresses.join(", "),
  })
  return {
    json: { nic, ...(port !== undefined && { port }), ...(observed !== undefined && { observed }) },
    text: `${nicCard(nic)}\n${now}`,
  }
}
