import { isDictionary } from "../model/types.ts"

/** A NIC as the guest sees it. */
export interface GuestNic {
  /** In lower case. */
  readonly mac: string
  readonly ipv4: readonly string[]
  readonly ipv6: readonly string[]
}

/** Reads what QEMU's guest agent returns to `guest-network-get-interfaces`; what is no NIC is left out. */
export function readGuestNics(answer: unknown): readonly GuestNic[] {
  return dictionaries(answer).flatMap((nic) => {
    const mac = nic["hardware-address"]
    if (typeof mac !== "string") return []
    const addresses = dictionaries(nic["ip-addresses"])
    const ofType = (type: string): readonly string[] =>
      addresses.filter((one) => one["ip-address-type"] === type).map((one) => String(one["ip-address"]))
    return [{ mac: mac.toLowerCase(), ipv4: ofType("ipv4"), ipv6: ofType("ipv6") }]
  })
}

function dictionaries(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isDictionary) : []
}
