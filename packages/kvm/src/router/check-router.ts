import { type RouterSpec, checkRouterSpec, parseControlAddress } from "@slash64/core"
import type { KvmConfig } from "../config/kvm-config.ts"
import { controlNetworkOf } from "./control-network.ts"

/** Checks a router's spec and gives the bytes of its seed disk. */
export function checkRouter(router: RouterSpec, config: KvmConfig): Buffer {
  const seed = checkRouterSpec(router)
  if (router.controlAddress !== undefined) parseControlAddress(router.controlAddress, controlNetworkOf(config).range)
  return seed
}
