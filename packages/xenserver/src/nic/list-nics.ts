import type { Call, HostNic } from "@slash64/core"
import { type Vm, readVms } from "../vm/find-vm.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { type Vif, readVifs } from "./read-vifs.ts"

/** The NICs that bear our id, of all VMs. */
export async function listNics(xapi: Xapi, { signal }: Call): Promise<readonly HostNic[]> {
  const [vifs, vms] = await Promise.all([readVifs(xapi, signal), readVms(xapi, signal)])
  const byRef = new Map(vms.map((vm) => [vm.ref, vm]))
  return vifs.flatMap((vif) => {
    const vm = byRef.get(vif.VM)
    return vm === undefined ? [] : toHostNics(vif, vm)
  })
}

/** None, when it does not bear our mark. */
export function toHostNics(vif: Vif, vm: Vm): readonly HostNic[] {
  if (vif.nicId === undefined) return []
  const live = vif.currently_attached
  return [
    {
      id: vif.nicId,
      vmId: vm.uuid,
      networkId: vif.networkId ?? "",
      mac: vif.MAC.toLowerCase(),
      ...(live && { port: `vif${vm.domid}.${vif.device}` }),
      live,
      persistent: true,
    },
  ]
}
