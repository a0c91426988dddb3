import type { HostRouter, RouterNicSpec, RouterSpec } from "@slash64/core"
import { networkNames, routerName, uuidOf } from "../names.ts"

import { type NicWire, portXml } from "../nic/interface-xml.ts"
import { type Xml, xml } from "../xml/element.ts"
import { findMark, markChildXml, markChildren, markXml } from "../xml/mark.ts"
import type { XmlNode } from "../xml/parse-xml.ts"

/** What a router stands on, on this host. */
export interface RouterGround {
  readonly virtualization: "kvm" | "qemu"
  /** The libvirt network of the control NIC. */
  readonly controlNetwork: string
  /** Paths on the host. */
  readonly disk: string
  readonly seed: string
  /** SHA-256 of the seed's bytes: tells another seed without keeping the secret where everybody reads it. */
  readonly seedDigest: string
  readonly wires: ReadonlyMap<string, NicWire>
}

/** A router of ours as libvirt holds it. */
export interface MarkedRouter extends Omit<HostRouter, "running"> {
  readonly vcpus: number
  readonly memoryMiB: number
  readonly controlNetwork: string
  readonly controlAddress?: string
  readonly seedDigest: string
}

/** The router's domain (https://libvirt.org/formatdomain.html). */
export function routerXml(router: RouterSpec, ground: RouterGround): Xml {
  return xml(
    "domain",
    { type: ground.virtualization },
    xml("name", {}, routerName(router.id)),
    xml("uuid", {}, uuidOf("router", router.id)),
    xml("title", {}, `slash64 router ${router.id}`),
    routerMark(router, ground),
    xml("memory", { unit: "MiB" }, router.memoryMiB),
    xml("vcpu", {}, router.vcpus),
    xml("os", {}, xml("type", { arch: "x86_64", machine: "pc" }, "hvm"), xml("boot", { dev: "hd" })),
    features(ground),
    xml("cpu", { mode: ground.virtualization === "kvm" ? "host-passthrough" : "maximum" }),
    xml("clock", { offset: "utc" }),
    xml("on_poweroff", {}, "destroy"),
    xml("on_reboot", {}, "restart"),
    xml("on_crash", {}, "restart"),
    xml("devices", {}, disks(ground), ports(router, ground), consoles(router), idleDevices()),
  )
}

function routerMark(router: RouterSpec, ground: RouterGround): Xml {
  return markXml(
    "router",
    {
      id: router.id,
      template: router.templateDigest,
      seed: ground.seedDigest,
      "control-mac": router.controlMac,
      "control-network": ground.controlNetwork,
      "control-address": router.controlAddress,
      vcpus: router.vcpus,
      "memory-mib": router.memoryMiB,
    },
    router.nics.map((nic) => markChildXml("nic", { network: nic.networkId, mac: nic.mac })),
  )
}

function features(ground: RouterGround): Xml {
  // QEMU's translation cache alone grew a 256 MiB router to 1.4 GB.
  const cache = ground.virtualization === "qemu" ? xml("tcg", {}, xml("tb-cache", { unit: "MiB" }, 32)) : undefined
  return xml("features", {}, xml("acpi"), xml("apic"), cache)
}

function disks(ground: RouterGround): readonly Xml[] {
  return [
    xml(
      "disk",
      { type: "file", device: "disk" },
      xml("driver", { name: "qemu", type: "qcow2", discard: "unmap" }),
      xml("source", { file: ground.disk }),
      xml("target", { dev: "vda", bus: "virtio" }),
    ),
    xml(
      "disk",
      { type: "file", device: "disk" },
      xml("driver", { name: "qemu", type: "raw" }),
      xml("source", { file: ground.seed }),
      xml("target", { dev: "vdb", bus: "virtio" }),
      xml("readonly"),
    ),
  ]
}

function ports(router: RouterSpec, ground: RouterGround): readonly Xml[] {
  // Routers of different networks share the control bridge and have nothing to say to each other.
  const control = portXml(
    ground.controlNetwork,
    router.controlMac,
    { offloadsOff: false },
    xml("port", { isolated: "yes" }),
  )
  const guests = router.nics.map((nic) =>
    portXml(networkNames(nic.networkId).network, nic.mac, ground.wires.get(nic.networkId) ?? { offloadsOff: false }),
  )
  return [control, ...guests]
}

function consoles(router: RouterSpec): readonly Xml[] {
  return [
    xml(
      "serial",
      { type: "pty" },
      xml("log", { file: consoleLog(router.id), append: "on" }),
      xml("target", { port: 0 }),
    ),
    xml("console", { type: "pty" }, xml("target", { type: "serial", port: 0 })),
  ]
}

/** What the router's console showed, on the host. libvirt makes the directory `qemu` there no sooner than it starts a VM. */
export function consoleLog(routerId: string): string {
  return `/var/log/libvirt/${routerName(routerId)}-console.log`
}

function idleDevices(): readonly Xml[] {
  return [
    xml("controller", { type: "usb", model: "none" }),
    xml("memballoon", { model: "none" }),
    xml("rng", { model: "virtio" }, xml("backend", { model: "random" }, "/dev/urandom")),
    xml("watchdog", { model: "i6300esb", action: "reset" }),
    xml("panic", { model: "isa" }),
  ]
}

/** The router of a domain; undefined when it does not bear our mark. */
export function readRouter(document: XmlNode): MarkedRouter | undefined {
  const mark = findMark(document, "router")
  const id = mark?.attribute("id")
  const templateDigest = mark?.attribute("template")
  const seedDigest = mark?.attribute("seed")
  const controlMac = mark?.attribute("control-mac")
  const controlNetwork = mark?.attribute("control-network")
  if (mark === undefined || id === undefined || templateDigest === undefined) return undefined
  if (seedDigest === undefined || controlMac === undefined || controlNetwork === undefined) return undefined
  const controlAddress = mark.attribute("control-address")
  return {
    id,
    templateDigest,
    controlMac,
    nics: markChildren(mark, "nic").flatMap(readNic),
    vcpus: Number(mark.attribute("vcpus")),
    memoryMiB: Number(mark.attribute("memory-mib")),
    controlNetwork,
    ...(controlAddress !== undefined && { controlAddress }),
    seedDigest,
  }
}

function readNic(node: XmlNode): readonly RouterNicSpec[] {
  const networkId = node.attribute("network")
  const mac = node.attribute("mac")
  return networkId === undefined || mac === undefined ? [] : [{ networkId, mac }]
}
