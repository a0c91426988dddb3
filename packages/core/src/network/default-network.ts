import { Slash64Error } from "../errors.ts"
import type { Nic } from "./records.ts"

/**
 * Whether a NIC that is being made is the one that its VM takes its default route and DNS from. `others` are the
 * VM's other NICs. Not asked: it is when the VM has no default NIC yet, so a VM's first NIC is. Asked for while
 * another NIC is the default: FAILED_PRECONDITION, since two default routes are a coin toss in the guest.
 */
export function isDefaultNic(
  asked: boolean | undefined,
  others: readonly Pick<Nic, "id" | "networkId" | "vmId" | "isDefault">[],
): boolean {
  const current = others.find((nic) => nic.isDefault)
  if (asked !== true) return asked ?? current === undefined
  if (current === undefined) return true
  throw new Slash64Error(
    "FAILED_PRECONDITION",
    `isDefault true: NIC ${current.id} on network ${current.networkId} is already the default of VM ${current.vmId}`,
    { field: "isDefault", value: "true", hint: `leave out isDefault, and change it afterwards: slash64 nic default` },
  )
}
