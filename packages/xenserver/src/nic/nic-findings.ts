import { type HostFinding, quote } from "@slash64/core"
import { z } from "zod"
import { readRecords } from "../xapi/read-records.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { type GuestNetworks, readAllGuestNetworks } from "./guest-addresses.ts"
import { planLinkLocal } from "./link-local.ts"
import { allows } from "./nic-rules.ts"
import { type Vif, readVifs } from "./read-vifs.ts"

const vmShape = z.object({ uuid: z.string(), power_state: z.string(), guest_metrics: z.string() })

/** The NICs of ours whose running guest has less of them than was asked for. */
export async function nicFindings(xapi: Xapi, signal: AbortSignal): Promise<readonly HostFinding[]> {
  const vifs = await readVifs(xapi, signal)
  const own = vifs.filter(({ nicId }) => nicId !== undefined)
  if (own.length === 0) return []
  const vms = await readRecords(xapi, "VM", vmShape, signal)
  const metrics = await readAllGuestNetworks(xapi, signal)
  const byRef = new Map(vms.map((vm) => [vm.ref, vm]))
  return own.flatMap((vif) => {
    const vm = byRef.get(vif.VM)
    if (vm?.power_state !== "Running") return []
    const subject = `NIC ${quote(vif.nicId)} of VM ${vm.uuid}`
    return vif.currently_attached
      ? shutOut(subject, vif, metrics.get(vm.guest_metrics), vifs)
      : [{ ...waiting, subject }]
  })
}

const waiting = {
  severity: "warning",
  problem: "the running guest has not got it: it had no paravirtual drivers when the NIC was attached",
  hint: "Restart the VM, or install the drivers (Management Agent) in its guest and attach the NIC again.",
} as const

function shutOut(
  subject: string,
  vif: Vif,
  networks: GuestNetworks | undefined,
  vifs: readonly Vif[],
): readonly HostFinding[] {
  if (vif.locking_mode !== "locked") return []
  const { own, refused } = planLinkLocal(vif, networks, vifs)
  const late = own === undefined || allows(vif, own) ? [] : [own]
  return [
    ...late.map((address) => ({
      severity: "warning" as const,
      subject,
      problem: `its locked port does not let out the link-local address ${address} that the guest uses`,
      hint: "Attach the NIC again, with the same fields: that lets it out.",
    })),
    ...refused.map((address) => ({
      severity: "warning" as const,
      subject,
      problem: `its locked port does not let out the link-local address ${address}, which could be another machine's`,
      hint: "Let the guest form its link-local address from its MAC: EUI-64, as its address generation mode.",
    })),
  ]
}
