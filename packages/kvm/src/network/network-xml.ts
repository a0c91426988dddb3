import { type HostNetwork, type NetworkAttachment, type NetworkSpec, segmentOf } from "@slash64/core"
import { networkNames, uuidOf } from "../names.ts"
import { type Xml, xml } from "../xml/element.ts"
import { findMark, markXml } from "../xml/mark.ts"
import type { XmlNode } from "../xml/parse-xml.ts"

/** A network of ours as libvirt holds it. */
export interface MarkedNetwork extends HostNetwork {
  /** Its bridge is Open vSwitch's userspace datapath, where checksum offload loses TCP and UDP. */
  readonly offloadsOff: boolean
}

/** The libvirt network of a shared network (https://libvirt.org/formatnetwork.html). */
export function networkXml(network: NetworkSpec, offloadsOff = false): Xml {
  const name = networkNames(network.id).network
  const { attachment } = network
  const head = [
    xml("name", {}, name),
    xml("uuid", {}, uuidOf("network", network.id)),
    markXml("network", {
      id: network.id,
      kind: attachment.kind,
      mtu: network.mtu,
      bridge: "bridge" in attachment ? attachment.bridge : undefined,
      uplink: "uplink" in attachment ? attachment.uplink : undefined,
      vlan: "vlan" in attachment ? attachment.vlan : undefined,
      offloads: offloadsOff ? "off" : undefined,
    }),
  ]
  switch (attachment.kind) {
    case "isolated":
      // ipv6='yes' lets guests talk IPv6 on a bridge where the host has no address: else ip6tables may drop it.
      return xml(
        "network",
        { ipv6: "yes" },
        head,
        xml("bridge", { name, stp: "off", delay: 0 }),
        xml("mtu", { size: network.mtu }),
      )
    case "bridge":
      return xml("network", {}, head, xml("forward", { mode: "bridge" }), xml("bridge", { name: attachment.bridge }))
    case "vlan":
      return xml("network", {}, head, xml("forward", { mode: "bridge" }), xml("bridge", { name }))
    case "openvswitch":
      return xml(
        "network",
        {},
        head,
        xml("forward", { mode: "bridge" }),
        xml("bridge", { name: attachment.bridge }),
        xml("virtualport", { type: "openvswitch" }),
        attachment.vlan === undefined ? undefined : xml("vlan", {}, xml("tag", { id: attachment.vlan })),
      )
  }
}

/** The shared network of a libvirt network; undefined when it does not bear our mark. */
export function readNetwork(document: XmlNode): MarkedNetwork | undefined {
  const mark = findMark(document, "network")
  const id = mark?.attribute("id")
  const bridge = document.child("bridge")?.attribute("name")
  const attachment = mark === undefined ? undefined : readAttachment(mark)
  if (mark === undefined || id === undefined || bridge === undefined || attachment === undefined) return undefined
  return {
    id,
    attachment,
    mtu: Number(mark.attribute("mtu")),
    bridge,
    offloadsOff: mark.attribute("offloads") === "off",
  }
}

function readAttachment(mark: XmlNode): NetworkAttachment | undefined {
  const bridge = mark.attribute("bridge")
  const uplink = mark.attribute("uplink")
  const vlan = mark.attribute("vlan")
  switch (mark.attribute("kind")) {
    case "isolated":
      return { kind: "isolated" }
    case "bridge":
      return bridge === undefined ? undefined : { kind: "bridge", bridge }
    case "vlan":
      return uplink === undefined || vlan === undefined ? undefined : { kind: "vlan", uplink, vlan: Number(vlan) }
    case "openvswitch":
      if (bridge === undefined) return undefined
      return vlan === undefined ? { kind: "openvswitch", bridge } : { kind: "openvswitch", bridge, vlan: Number(vlan) }
    default:
      return undefined
  }
}

/** Whether two specs ask for the same thing. */
export function sameNetwork(one: NetworkSpec, other: NetworkSpec): boolean {
  return one.mtu === other.mtu && describeAttachment(one.attachment) === describeAttachment(other.attachment)
}

/** For a person; two attachments are the same when it says the same of them. */
export function describeAttachment(attachment: NetworkAttachment): string {
  return segmentOf(attachment) ?? attachment.kind
}
