import { createHash } from "node:crypto"
import { planNetwork } from "@slash64/core"
import type { Nic, SharedNetwork } from "@slash64/core"

export const crashNetwork = planNetwork({
  name: "lab",
  attachment: { kind: "isolated" },
  ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1" },
  ipv4: { prefix: "10.0.0.0/8", gateway: "10.0.0.1" },
  quarantineSeconds: 0,
})

/** A network that is in nobody's way. */
export function extraNetwork(id: string): SharedNetwork {
  const hash = createHash("sha256").update(id).digest("hex")
  const prefix = `fd${hash.slice(0, 2)}:${hash.slice(2, 6)}:${hash.slice(6, 10)}:${hash.slice(10, 14)}::`
  return planNetwork({
    id,
    name: id,
    attachment: { kind: "isolated" },
    ipv6: { prefix: `${prefix}/64`, gateway: `${prefix}1` },
  })
}

/** What is said of a record that is not there. */
export const absent = "-"

/** What is said of a NIC that is there. */
export function nicValue({ ipv6, ipv4, state }: Nic): string {
  return `${ipv6}/${ipv4}/${state}`
}
