import { releasePrefix } from "@slash64/core"
import type { Answer } from "../answer.ts"
import type { Session } from "../session.ts"

export async function release(session: Session, pool: string, holder: string): Promise<Answer> {
  await releasePrefix({ pool, holder }, await session.rooms(), session.call)
  return { json: {}, text: `${holder} holds nothing of pool ${pool}` }
}
