import { type RouterSpec, invalid, parseId, parseNicMac } from "@slash64/core"
import { parseControlAddress } from "../config/control-range.ts"
import type { KvmConfig } from "../config/kvm-config.ts"
import { parseDigest } from "../template/template-volumes.ts"
import { controlNetworkOf } from "./control-network.ts"

/** Checks a router's spec and gives the bytes of its seed disk. */
export function checkRouter(router: RouterSpec, config: KvmConfig): Buffer {
  parseId("router.id", router.id)
  parseDigest(router.templateDigest)
  checkWhole("router.vcpus", router.vcpus, 1, 16)
  checkWhole("router.memoryMiB", router.memoryMiB, 64, 65_536)
  checkMacs(router)
  for (const nic of router.nics) parseId("router.nics.networkId", nic.networkId)
  if (router.controlAddress !== undefined) parseControlAddress(router.controlAddress, controlNetworkOf(config).range)
  const seed = Buffer.from(router.seed, "base64")
  if (seed.length > 0 && seed.length % 512 === 0 && seed.length <= 1024 * 1024) return seed
  throw invalid(
    "router.seed",
    `${seed.length} bytes`,
    "no disk",
    "Give base64 of a multiple of 512 bytes, at most 1 MiB.",
  )
}

function checkMacs(router: RouterSpec): void {
  const macs = [router.controlMac, ...router.nics.map(({ mac }) => mac)]
  for (const [index, mac] of macs.entries()) {
    const field = index === 0 ? "router.controlMac" : "router.nics.mac"
    if (parseNicMac(field, mac) !== mac)
      throw invalid(field, mac, "not in lower case with colons", "Write it as 02:00:5e:10:00:01.")
    if (macs.indexOf(mac) !== index)
      throw invalid(field, mac, "the router's own twice", "Give each of its NICs a MAC of its own.")
  }
}

function checkWhole(field: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw invalid(field, value, `not a whole number of ${least} to ${most}`, `Give ${least} to ${most}.`)
}
