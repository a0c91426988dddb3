import type { NetworkAttachment } from "@slash64/core"
import type { LabHome } from "../lab/lab-home.ts"
import type { LabChoices } from "../lab/lab-record.ts"
import { startOpenVswitch } from "../openvswitch.ts"
import type { OpenVswitch } from "../openvswitch.ts"
import { ensureLinuxBridge, removeLinuxBridge } from "./linux-bridge.ts"

export interface Ground {
  readonly attachment: NetworkAttachment
  /** What programs that work on it need in their environment. */
  readonly environment: Readonly<Record<string, string>>
}

/** An access tag, so that the road shows that a tagged port group works. */
const tag = 64

/** Makes what the administrator of a rack would have made before: the bridge that the network stands on. */
export async function ensureGround(home: LabHome, choices: LabChoices): Promise<Ground> {
  const { bridge } = home.names
  switch (choices.network) {
    case "isolated":
      return { attachment: { kind: "isolated" }, environment: {} }
    case "bridge":
      await ensureLinuxBridge(bridge)
      return { attachment: { kind: "bridge", bridge }, environment: {} }
    case "openvswitch": {
      const ovs = await openSwitch(home, choices)
      await ovs.addBridge(bridge)
      return { attachment: { kind: "openvswitch", bridge, vlan: tag }, environment: { OVS_RUNDIR: ovs.runDir } }
    }
    case "vlan":
      throw new Error("a lab on libvirt has no NIC to tag")
  }
}

/** Absent: success. */
export async function removeGround(home: LabHome, choices: LabChoices): Promise<void> {
  if (choices.network === "bridge") await removeLinuxBridge(home.names.bridge)
  if (choices.network === "openvswitch") {
    const ovs = await openSwitch(home, choices)
    await ovs.removeBridge(home.names.bridge)
    await ovs.stop()
  }
}

function openSwitch(home: LabHome, choices: LabChoices): Promise<OpenVswitch> {
  return startOpenVswitch({ dir: home.libvirtd, system: !choices.privateLibvirtd, hold: "detached" })
}
