import { isIPv4, isIPv6 } from "node:net"
import { invalid, parseDuid, parseId, parseNicMac, type SeedRequest } from "@slash64/core"
import { makeArchive } from "../archive.ts"

/** What a router is given to know itself and its driver by. Secret: `hostPrivateKey`. */
export interface SeedKeys {
  /** The driver's public key, one line of authorized_keys. */
  readonly managementKey: string
  /** OpenSSH format. */
  readonly hostPrivateKey: string
}

/**
 * The bytes of a seed disk (docs/router-protocol.md): a ustar archive, a multiple of 512. The same request and keys
 * give the same bytes. Throws INVALID_ARGUMENT that names the field.
 */
export async function renderSeed(request: SeedRequest, keys: SeedKeys): Promise<Uint8Array> {
  const values = {
    format: "1",
    router_id: parseId("routerId", request.routerId),
    guest_mac: parseNicMac("guestMac", request.guestMac),
    control_mac: parseNicMac("controlMac", request.controlMac),
    control_address: checkControlAddress(request.controlAddress),
    server_duid: parseDuid("serverDuid", request.serverDuid),
  }
  const conf = Object.entries(values).map(([key, value]) => `${key}=${value}\n`)
  return makeArchive([
    ["slash64-seed/seed.conf", conf.join("")],
    ["slash64-seed/authorized_keys", `${keys.managementKey}\n`],
    ["slash64-seed/ssh_host_ed25519_key", keys.hostPrivateKey],
  ])
}

function checkControlAddress(text: string | undefined): string {
  if (text === undefined) return "link-local"
  const [, address = "", length = ""] = /^([\da-f.:]+)\/(\d{1,3})$/i.exec(text) ?? []
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : 0
  if (bits === 0 || Number(length) < 1 || Number(length) > bits)
    throw invalid("controlAddress", text, "is not an address with its prefix length", "write it as 169.254.7.10/16")
  return text
}
