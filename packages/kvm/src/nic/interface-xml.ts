import type { NicSpec } from "@slash64/core"
import { networkNames } from "../names.ts"
import { type Xml, xml } from "../xml/element.ts"
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

/** The `<interface>` of a NIC (https://libvirt.org/formatdomain.html#network-interfaces). */
export function nicXml(nic: Pick<NicSpec, "id" | "networkId" | "mac">, wire: NicWire): Xml {
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
