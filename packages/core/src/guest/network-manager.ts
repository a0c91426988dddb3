import { stableUuid } from "../address/id.ts"
import { wholeFile } from "./guest-files.ts"
import type { GuestSetUp } from "./guest-files.ts"
import { macName } from "./guest-nic.ts"
import type { GuestNic } from "./guest-nic.ts"

/**
 * NetworkManager 1.12 and later, as a keyfile (nm-settings-keyfile(5)), which it takes from root alone with mode 0600.
 * IPv6 is in it always: `auto` is the default, and does what the RA says.
 */
export function networkManager(nic: GuestNic): GuestSetUp {
  const { id, mac, isDefault, ipv4, ipv6 } = nic
  const path = `/etc/NetworkManager/system-connections/slash64-${macName(mac)}.nmconnection`
  const other = isDefault ? [] : ["never-default=true", "ignore-auto-dns=true"]
  const file = wholeFile(path, nic, [
    "[connection]",
    `id=slash64-${macName(mac)}`,
    `uuid=${stableUuid(profileSpace, id)}`,
    "type=ethernet",
    "",
    "[ethernet]",
    `mac-address=${mac.toUpperCase()}`,
    "",
    "[ipv4]",
    ...(ipv4 ? ["method=auto", ...other] : ["method=disabled"]),
    "",
    "[ipv6]",
    "method=auto",
    // Its link-local is the one that the router knows the NIC by; it makes no global one, as the RA has A=0.
    "addr-gen-mode=eui64",
    "ip6-privacy=0",
    "dhcp-duid=ll",
    ...(ipv6 ? [] : ["may-fail=true"]),
    ...other,
  ])
  return {
    files: [{ ...file, mode: "0600" }],
    commands: ["nmcli connection reload", `nmcli connection up slash64-${macName(mac)}`],
    notes: [],
  }
}

/** Of the UUIDs of profiles; random, and never another one, or a guest would have two profiles for one NIC. */
const profileSpace = "6f0a2c0e-6f0c-4f2b-9b57-0d2f4c1f64ad"
