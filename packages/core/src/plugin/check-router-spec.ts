import { parseId } from "../address/id.ts"
import { invalid } from "../errors.ts"
import { parseWholeNumber } from "../network/names.ts"
import { checkMac } from "./check-nic-spec.ts"
import { parseTemplateDigest } from "./check-template-spec.ts"
import type { RouterSpec } from "./hypervisor-plugin.ts"

/**
 * The door of `ensureRouter`: INVALID_ARGUMENT with the field. Gives the bytes of the seed disk, which are secret.
 * Whether `controlAddress` fits the host's configuration is the adapter's to check.
 */
export function checkRouterSpec(router: RouterSpec): Buffer {
  parseId("router.id", router.id)
  parseTemplateDigest("router.templateDigest", router.templateDigest)
  parseWholeNumber("router.vcpus", router.vcpus, 1, 16)
  parseWholeNumber("router.memoryMiB", router.memoryMiB, 64, 65_536)
  checkMacs(router)
  for (const nic of router.nics) parseId("router.nics.networkId", nic.networkId)
  const seed = Buffer.from(router.seed, "base64")
  if (seed.length > 0 && seed.length % 512 === 0 && seed.length <= 1024 * 1024) return seed
  const problem = "are not the bytes of a disk"
  throw invalid("router.seed", `${seed.length} bytes`, problem, "give base64 of a multiple of 512 bytes, at most 1 MiB")
}

function checkMacs(router: RouterSpec): void {
  const macs = [router.controlMac, ...router.nics.map(({ mac }) => mac)]
  for (const [index, mac] of macs.entries()) {
    const field = index === 0 ? "router.controlMac" : "router.nics.mac"
    checkMac(field, mac)
    if (macs.indexOf(mac) === index) continue
    throw invalid(field, mac, "is the router's own twice", "give each of its NICs a MAC of its own")
  }
}
