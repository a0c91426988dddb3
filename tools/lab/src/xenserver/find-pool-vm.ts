import { type GuestAgent, toGuestAgent } from "../guest/guest-agent.ts"
import type { LabHome } from "../lab/lab-home.ts"
import { findPoolGuest } from "./ensure-pool-guest.ts"
import { type LabPool, askPool, findPool } from "./pool-program.ts"
import { openXapiSession } from "./xapi-session.ts"

/** The lab's guest as the pool tells of it; undefined while the lab host does not run. */
export async function findPoolVm(home: LabHome, signal: AbortSignal) {
  const pool = await findPool(home.pool)
  if (pool === undefined) return undefined
  const found = await askForGuest(pool, home, signal)
  return {
    state: async () => found?.power_state.toLowerCase(),
    agent: poolGuestAgent(home, found?.uuid ?? "", signal),
  }
}

/** The agent of a guest on the pool, reached through the lab host. */
export function poolGuestAgent(home: LabHome, vm: string, signal: AbortSignal): GuestAgent {
  return toGuestAgent((command, words = {}) => askPool(home.pool, "ask-agent", { vm, command, words }), signal)
}

async function askForGuest(pool: LabPool, home: LabHome, signal: AbortSignal) {
  const xapi = await openXapiSession(pool, signal)
  try {
    return await findPoolGuest(xapi, home.dir)
  } finally {
    await xapi.logOut()
  }
}
