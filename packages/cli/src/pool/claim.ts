import { claimPrefix } from "@slash64/core"
import type { Answer } from "../answer.ts"
import type { Session } from "../session.ts"

export interface ClaimOptions {
  readonly prefix?: string | undefined
}

export async function claim(session: Session, pool: string, holder: string, options: ClaimOptions): Promise<Answer> {
  const request = { pool, holder, ...(options.prefix !== undefined && { prefix: options.prefix }) }
  const claimed = await claimPrefix(request, await session.rooms(), session.call)
  return { json: { claimed }, text: claimed.prefix }
}
