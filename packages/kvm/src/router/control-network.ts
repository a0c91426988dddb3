import { type ControlRange, Slash64Error, parseControlRange } from "@slash64/core"
import type { KvmConfig } from "../config/kvm-config.ts"
import type { HostParts } from "../libvirt/parts.ts"
import { shortHash, uuidOf } from "../names.ts"
import { makeDnsmasqDirectory } from "../network/dnsmasq-directory.ts"
import { type Xml, xml } from "../xml/element.ts"
import { findMark, markXml } from "../xml/mark.ts"
import { parseXml } from "../xml/parse-xml.ts"
import { listMarkedRouters } from "./find-router.ts"

/** The bridge between the host and the routers' control NICs. No guest is ever on it. */
export interface ControlNetwork {
  /** Of the libvirt network and the bridge. */
  readonly name: string
  readonly range?: ControlRange
}

export function controlNetworkOf(config: KvmConfig): ControlNetwork {
  const { range, bridge } = config.control ?? {}
  if (range === undefined) return { name: bridge ?? "s64-control" }
  // Another range is another bridge: libvirt changes no address of a network that is in use.
  return { name: bridge ?? `s64-ctl-${shortHash(range, 7)}`, range: parseControlRange(range) }
}

export async function ensureControlNetwork(parts: HostParts, signal: AbortSignal): Promise<ControlNetwork> {
  const control = controlNetworkOf(parts.config)
  const { networks } = parts.libvirt
  const document = await networks.find(control.name, signal)
  if (document === undefined) {
    await makeDnsmasqDirectory(parts.libvirt, signal)
    await networks.define(controlNetworkXml(control).markup, signal)
  } else if (findMark(parseXml(document, "network"), "control") === undefined) {
    throw new Slash64Error("ALREADY_EXISTS", `the host has a libvirt network ${control.name} that is not of slash64`, {
      field: "control",
      value: control.name,
      hint: "Rename or remove it on the host.",
    })
  }
  await networks.setAutostart(control.name, signal)
  await networks.start(control.name, signal)
  return control
}

/** Takes the control network away with the last router on it. */
export async function removeIdleControlNetwork(parts: HostParts, name: string, signal: AbortSignal): Promise<void> {
  const { networks } = parts.libvirt
  const routers = await listMarkedRouters(parts.libvirt, signal)
  if (routers.some(({ router }) => router.controlNetwork === name)) return
  const document = await networks.find(name, signal)
  if (document === undefined || findMark(parseXml(document, "network"), "control") === undefined) return
  await networks.stop(name, signal)
  await networks.undefine(name, signal)
}

/** The host's own addresses make it the routers' neighbour; without DHCP and DNS libvirt starts no dnsmasq. */
export function controlNetworkXml({ name, range }: ControlNetwork): Xml {
  const own =
    range === undefined
      ? undefined
      : xml("ip", { family: range.family, address: range.hostAddress, prefix: range.length })
  return xml(
    "network",
    {},
    xml("name", {}, name),
    xml("uuid", {}, uuidOf("network", name)),
    markXml("control", {}),
    xml("bridge", { name, stp: "off", delay: 0 }),
    xml("dns", { enable: "no" }),
    own,
    xml("ip", { family: "ipv6", address: "fe80::1", prefix: 64 }),
  )
}
