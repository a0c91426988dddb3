import { type RouterSpec, Slash64Error, quote } from "@slash64/core"
import { z } from "zod"
import type { XenserverConfig } from "../config/xenserver-config.ts"
import { isNative } from "../errors/translate-xapi.ts"
import { readNetworks } from "../network/find-network.ts"
import { readMarks } from "../network/network-mark.ts"
import { networkKey } from "../nic/read-vifs.ts"
import { type OwnVm, unlessGone } from "../vm/own-vm.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { requireControlNetwork } from "./control-network.ts"
import { routerKey } from "./router-mark.ts"

/** A NIC of a router, in its place. */
export interface RouterPort {
  readonly device: string
  /** XAPI's reference. */
  readonly network: string
  /** Undefined for the control NIC. */
  readonly networkId: string | undefined
  readonly mac: string
  readonly mtu: number
}

/** NOT_FOUND when a network of the router is not on the pool. */
export async function planPorts(
  xapi: Xapi,
  router: RouterSpec,
  config: XenserverConfig,
  signal: AbortSignal,
): Promise<readonly RouterPort[]> {
  const networks = await readNetworks(xapi, signal)
  const control = requireControlNetwork(networks, config)
  const ports: RouterPort[] = [
    { device: "0", network: control.ref, networkId: undefined, mac: router.controlMac, mtu: control.MTU },
  ]
  const marked = networks.flatMap(readMarks)
  for (const [index, { networkId, mac }] of router.nics.entries()) {
    const network = marked.find(({ id }) => id === networkId)
    if (network === undefined) throw noNetwork(networkId)
    ports.push({ device: String(index + 1), network: network.on.ref, networkId, mac, mtu: network.mtu })
  }
  return ports
}

const vifShape = z.object({ device: z.string(), MAC: z.string(), network: z.string() })

/** A router speaks for others, so its ports are unlocked. */
export async function ensurePorts(
  xapi: Xapi,
  id: string,
  vm: OwnVm,
  ports: readonly RouterPort[],
  signal: AbortSignal,
): Promise<void> {
  const vifs: z.infer<typeof vifShape>[] = []
  for (const ref of vm.VIFs) {
    const vif = await unlessGone(() => xapi.read(vifShape, signal, "VIF.get_record", ref))
    if (vif !== undefined) vifs.push(vif)
  }
  for (const port of ports) {
    const there = vifs.find(({ device }) => device === port.device)
    if (there === undefined) await createPort(xapi, id, vm, port, signal)
    else if (there.MAC.toLowerCase() !== port.mac || there.network !== port.network) throw otherPort(id, port)
  }
}

async function createPort(xapi: Xapi, id: string, vm: OwnVm, port: RouterPort, signal: AbortSignal): Promise<void> {
  const { device, network, networkId, mac, mtu } = port
  const record = {
    device,
    VM: vm.ref,
    network,
    MAC: mac,
    MTU: mtu,
    locking_mode: "unlocked",
    ipv4_allowed: [],
    ipv6_allowed: [],
    other_config: { [routerKey]: id, ...(networkId !== undefined && { [networkKey]: networkId }) },
    qos_algorithm_type: "",
    qos_algorithm_params: {},
  }
  try {
    await xapi.change(z.string(), signal, "VIF.create", record)
  } catch (error) {
    // Another program makes the same router.
    if (!isNative(error, "DEVICE_ALREADY_EXISTS")) throw error
  }
}

function noNetwork(networkId: string): Slash64Error {
  return new Slash64Error("NOT_FOUND", `the network ${quote(networkId)} is not on this pool`, {
    field: "router.nics.networkId",
    value: quote(networkId),
    hint: "Ensure the network on the pool first.",
  })
}

function otherPort(id: string, { device, mac }: RouterPort): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `NIC ${device} of the router ${id} is not as slash64 made it`, {
    field: "router.nics.mac",
    value: mac,
    hint: "Somebody changed the router's VM: remove the router and start it again.",
  })
}
