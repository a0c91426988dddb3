import { invalid } from "@slash64/core"

/** Which NIC of a VM on a network, from 0. */
export function parseIndex(text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text)
  throw invalid(
    "--index",
    text,
    "is not a NIC's number",
    "Give 0 for the VM's first NIC on the network, 1 for its second.",
  )
}
