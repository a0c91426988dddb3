import { type RouterSpec, checkRouterSpec, invalid, parseControlAddress, parseControlRange } from "@slash64/core"
import type { XenserverConfig } from "../config/xenserver-config.ts"

/** XAPI gives a VM seven places for NICs, and the first is the control NIC's. */
const mostNics = 6

/** Checks a router's spec and gives the bytes of its seed disk. */
export function checkRouter(router: RouterSpec, { control }: XenserverConfig): Buffer {
  const seed = checkRouterSpec(router)
  const { nics, controlAddress } = router
  if (nics.length > mostNics) throw invalid("router.nics", nics.length, "too many", `Give ${mostNics} at most.`)
  const range = control?.range === undefined ? undefined : parseControlRange(control.range)
  if (controlAddress !== undefined) parseControlAddress(controlAddress, range)
  return seed
}
