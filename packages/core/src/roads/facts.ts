import type { NicFact, RouterFact } from "../events/road-event.ts"
import type { Nic, Router } from "../network/records.ts"

/** A NIC as an event tells it. */
export function nicFact({ id, networkId, host, vmId, mac, ipv6, ipv4 }: Nic): NicFact {
  const addresses = { ...(ipv6 === undefined ? {} : { ipv6 }), ...(ipv4 === undefined ? {} : { ipv4 }) }
  return { nicId: id, networkId, host, vmId, mac, ...addresses }
}

/** A router as an event tells it. */
export function routerFact({ id, networkId, host }: Router): RouterFact {
  return { routerId: id, networkId, host }
}
