import { changeNetwork, keepingMost } from "@slash64/core"
import type { Nic } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { problemLines } from "../converge/plan.ts"
import { exitCodes } from "../exit-code.ts"
import { changeRequest } from "../network-request.ts"
import type { NetworkChangeOptions } from "../network-request.ts"
import type { Session } from "../session.ts"
import { nameOption } from "./name-option.ts"
import { networkCard } from "./network-card.ts"

export async function change(session: Session, name: string, options: NetworkChangeOptions): Promise<Answer> {
  const request = changeRequest(name, options)
  const changed = await changeNetwork(request, await session.rooms(), session.call).catch(nameOption)
  const { network, keeping, problems } = changed
  return {
    json: changed,
    text: [networkCard(network), ...keepingLines(keeping), ...problemLines(problems)].join("\n"),
    ...(problems.length > 0 && { exitCode: exitCodes.FAILED_PRECONDITION }),
  }
}

function keepingLines(nics: readonly Nic[]): readonly string[] {
  const lines = nics.map(
    ({ id, ipv6, ipv4 }) => `NIC ${id} keeps what it has until it is detached: ${ipv6 ?? ""} ${ipv4 ?? ""}`,
  )
  return nics.length < keepingMost ? lines : [...lines, "More NICs may: slash64 network show says how many."]
}
