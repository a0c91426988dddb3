import type { Answer } from "../answer.ts"
import { table } from "../output/table.ts"
import type { Session } from "../session.ts"

export async function listTemplates(session: Session): Promise<Answer> {
  const templates = await (await session.store()).listTemplates()
  return {
    json: { templates },
    text: table(
      ["version", "digest", "format", "file"],
      templates.map(({ version, digest, format, file }) => [version, digest, format, file]),
      "no templates: build one with slash64 template build",
    ),
  }
}
