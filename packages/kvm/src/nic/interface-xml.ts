import { type Call, type NicSpec, parseNicMac } from "@slash64/core"
import type { Libvirt } from "../libvirt/libvirt.ts"
import { networkNames } from "../names.ts"
import { type Xml, xml } from "../xml/element.ts"
import { requireNetwork } from "../network/find-network.ts"
import type { MarkedNetwork } from "../network/network-xml.ts"
import { nicAlias } from "./nic-alias.ts"

/** What of a network shows in a NIC's interface. */
export interface NicWire {
  /** Bytes; told to the guest's driver (virtio feature VIRTIO_NET_F_MTU). Absent: the bridge's own. */
  readonly mtu?: number
  readonly offloadsOff: boolean
}

/** On a bridge of the administrator the port follows the bridge: a lower MTU would lower the bridge's too. */
export function wireOf(network: MarkedNetwork): NicWire {
  const ours = network.attachment.kind === "isolated" || network.attachment.kind === "vlan"
  return ours ? { mtu: network.mtu, offloadsOff: network.offloadsOff } : { offloadsOff: network.offloadsOff }
}

/** The `<interface>` of a NIC by itself, as attachNic would plug it. */
export async function interfaceXml(libvirt: Libvirt, nic: Nic, call: Call): Promise<string> {
  const network = await requireNetwork(libvirt, nic.networkId, call.signal)
  return nicXml({ ...nic, mac: parseNicMac("nic.mac", nic.mac) }, wireOf(network)).markup
}

type Nic = Pick<NicSpec, "id" | "networkId" | "mac">

/** https://libvirt.org/formatdomain.html#network-interfaces */
export function nicXml(nic: Nic, wire: NicWire): Xml {
  return portXml(networkNames(nic.networkId).network, nic.mac, wire, xml("alias", { name: nicAlias(nic.id) }))
}

/** A virtio port on a libvirt network. */
export function portXml(network: string, mac: string, wire: NicWire, ...more: readonly Xml[]): Xml {
  return xml(
    "interface",
    { type: "network" },
    xml("mac", { address: mac }),
    xml("source", { network }),
    xml("model", { type: "virtio" }),
    wire.offloadsOff ? offloadsOffXml : undefined,
    wire.mtu === undefined ? undefined : xml("mtu", { size: wire.mtu }),
    more,
  )
}

/** Open vSwitch's userspace datapath drops TCP and UDP whose checksum was left to the device. */
const offloadsOffXml = xml(
  "driver",
  {},
  xml("host", { csum: "off", gso: "off", tso4: "off", tso6: "off", ecn: "off", ufo: "off" }),
  xml("guest", { csum: "off", tso4: "off", tso6: "off", ecn: "off", ufo: "off" }),
)
