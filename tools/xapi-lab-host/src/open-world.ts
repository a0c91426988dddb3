import { join } from "node:path"
import { markHalted } from "./calls/power.ts"
import { watchGuest } from "./calls/watch-guest.ts"
import type { XapiLabHostRequest } from "./lab-host.ts"
import { openDiskStore } from "./lower/disk-store.ts"
import type { LowerHalf } from "./lower/lower-half.ts"
import { Database } from "./model/database.ts"
import type { Ref } from "./model/types.ts"
import { OneAtATime } from "./one-at-a-time.ts"
import { ensurePool } from "./pool-plan.ts"
import { Sessions } from "./sessions.ts"
import { Tasks } from "./tasks.ts"
import type { World } from "./world.ts"

export interface OpenedWorld {
  readonly world: World
  /** The hosts, in the order of the request. */
  readonly refs: readonly Ref[]
}

/** The pool of a directory, new or as it was, on what its hosts stand on now. */
export async function openWorld(
  { directory, account, hosts }: Pick<XapiLabHostRequest, "directory" | "account" | "hosts">,
  closed: AbortSignal,
): Promise<OpenedWorld> {
  if (hosts.length === 0) throw new Error("a pool has a host")
  const db = new Database(join(directory, "state.json"))
  const refs = ensurePool(db, hosts)
  const master = (): Ref => db.get("pool", refs.pool).master
  const below = new Map<Ref, LowerHalf>()
  let domid = Math.max(0, ...db.all("VM").map(([, vm]) => vm.domid))
  const world: World = {
    db,
    sessions: new Sessions(db, account, master),
    tasks: new Tasks(db, master),
    disks: await openDiskStore(join(directory, "sr")),
    turns: new OneAtATime(),
    pool: refs.pool,
    get master() {
      return master()
    },
    below(host) {
      const found = below.get(host)
      if (found === undefined) throw new Error(`no host ${host}`)
      return found
    },
    closed,
    nextDomid: () => ++domid,
  }
  for (const [index, host] of refs.hosts.entries()) {
    const half = await hosts[index]?.below((vmId) => markEnded(world, vmId))
    if (half !== undefined) below.set(host, half)
  }
  for (const [ref, { uuid, resident_on, power_state }] of db.all("VM")) {
    if (power_state === "Halted") {
      // A start that was cut off before it was written down: a second machine on the same disks would spoil them.
      for (const half of below.values()) if (half.isRunning(uuid)) await half.powerOff(uuid)
      continue
    }
    if (below.get(resident_on)?.isRunning(uuid)) void watchGuest(world, ref)
    else markHalted(world, ref)
  }
  db.save()
  return { world, refs: refs.hosts }
}

function markEnded(world: World, vmId: string): void {
  const found = world.db.all("VM").find(([, { uuid }]) => uuid === vmId)
  if (found === undefined || found[1].power_state === "Halted") return
  markHalted(world, found[0])
  world.db.save()
}
