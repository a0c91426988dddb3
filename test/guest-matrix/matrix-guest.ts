import { setTimeout as sleep } from "node:timers/promises"
import { bootGuest } from "../integration/client-guest.ts"
import { beginClient, type Installation, type MatrixNic } from "./clients.ts"
import type { Player } from "./cells.ts"
import type { MatrixGround } from "./ground.ts"
import { lookAtGuest } from "./look-at-guest.ts"

/** A guest that runs, with all its NICs on their links. */
export interface MatrixGuest {
  /** What is amiss once nothing changes any more; empty: all is as it should be. */
  check(): Promise<readonly string[]>
  /** Nothing is shut down and nothing released. Repeated: nothing. */
  cutPower(): Promise<void>
}

export interface BootRequest {
  readonly ground: MatrixGround
  readonly player: Player
  readonly nics: readonly MatrixNic[]
  /** A disk of `makeGuestDisk`. */
  readonly disk: string
  readonly tree: string
  readonly installation: Installation
}

const patienceMs = 60_000
/** A default route or a name server may come behind the address. */
const quietMs = 1500

export async function bootMatrixGuest(request: BootRequest): Promise<MatrixGuest> {
  const { ground, player, nics, disk, tree, installation } = request
  const [first, second] = ground.links
  const [eth0, eth1] = nics
  if (eth0 === undefined) throw new Error("a guest without a NIC")
  const namespace = await first.segment.addNamespace(eth0.nic.mac, eth0.device, { up: false })
  if (eth1 !== undefined) await second.segment.plug(namespace, eth1.nic.mac, eth1.device, { up: false })
  const guest = await bootGuest(namespace, tree, disk)
  let on = true
  await beginClient(player.client, guest, nics, installation)
  return {
    async check() {
      const end = Date.now() + patienceMs
      let problems = await lookAtGuest((line) => guest.shell(line), nics)
      while (problems.length > 0 && Date.now() < end) {
        await sleep(500)
        problems = await lookAtGuest((line) => guest.shell(line), nics)
      }
      await sleep(quietMs)
      problems = await lookAtGuest((line) => guest.shell(line), nics)
      if (problems.length === 0) return []
      return [
        ...problems,
        await guest.shell(
          "ip address; ip -6 route; ps -A -o stat,etime,args; tail -n 30 /tmp/started.log 2>&1 || true",
        ),
      ]
    },
    async cutPower() {
      if (!on) return
      on = false
      await guest.close()
      await first.segment.removeNamespace(namespace)
    },
  }
}
