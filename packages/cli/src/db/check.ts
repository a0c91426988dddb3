import type { Answer } from "../answer.ts"
import { exitCodes } from "../exit-code.ts"
import { card, table } from "../output/table.ts"
import type { Session } from "../session.ts"

export async function checkDatabase(session: Session): Promise<Answer> {
  const { paths, call } = session
  const check = await session.world.database(paths).check(call)
  const { schema, newestSchema, sizeBytes, counts, findings, moreFindings } = check
  const facts = card({ database: paths.shownDb, schema: `${schema} of ${newestSchema}`, bytes: sizeBytes, ...counts })
  const lines = findings.map(({ severity, subject, problem, hint }) => [severity, subject, problem, hint])
  const found = table(["finding", "subject", "problem", "what to do"], lines, "nothing is wrong")
  const more = moreFindings === 0 ? "" : `\nand ${moreFindings} more`
  return {
    json: { database: paths.shownDb, ...check },
    text: `${facts}\n\n${found}${more}`,
    ...(findings.some(({ severity }) => severity === "error") && { exitCode: exitCodes.FAILED_PRECONDITION }),
  }
}
