import { sweep } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { exitCodes } from "../exit-code.ts"
import { table } from "../output/table.ts"
import type { Session } from "../session.ts"
import { problemLines } from "./plan.ts"

export async function sweepHosts(session: Session, remove: boolean): Promise<Answer> {
  const swept = await sweep({ remove }, await session.rooms(), session.call)
  const { strays, removed, missing, problems } = swept
  const rows = [
    ...strays.map(({ kind, id, host }) => [kind, id, host, "in no record"]),
    ...removed.map(({ kind, id, host }) => [kind, id, host, "removed"]),
    ...missing.map(({ kind, id, host }) => [kind, id, host, "missing: slash64 apply makes it again"]),
  ]
  return {
    json: swept,
    text: [table(["what", "id", "host", "state"], rows, "hosts and records agree"), ...problemLines(problems)].join(
      "\n",
    ),
    ...(strays.length + missing.length + problems.length > 0 && { exitCode: exitCodes.FAILED_PRECONDITION }),
  }
}
