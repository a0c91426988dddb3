import { changeDefaultNic } from "@slash64/core"
import type { Answer } from "../answer.ts"
import type { Session } from "../session.ts"
import { nicCard } from "./nic-card.ts"

export async function makeDefault(session: Session, id: string): Promise<Answer> {
  const changed = await changeDefaultNic(id, await session.rooms(), session.call)
  const { nic, converged } = changed
  const told = converged.length === 0 ? "No router runs that could be told." : `Routers told: ${converged.join(", ")}.`
  const next = "The guest follows at its next renewal; write its set-up anew: slash64 guest-config."
  return { json: changed, text: `${nicCard(nic)}\n${told} ${next}` }
}
