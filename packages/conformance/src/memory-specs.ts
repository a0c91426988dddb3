import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { pipeline } from "node:stream/promises"
import { Slash64Error, abortError, invalid, parseId, parseNicMac, quote } from "@slash64/core"
import type { Call, NetworkSpec, NicSpec, RouterSpec, TemplateSpec } from "@slash64/core"

/** The door of a host in memory: what an adapter must refuse before it touches anything. */
export function checkNetwork({ id, attachment, mtu }: NetworkSpec): void {
  parseId("network.id", id)
  if (!Number.isInteger(mtu) || mtu < 1280 || mtu > 9216) {
    throw invalid("network.mtu", mtu, "out of range", "Give 1280 to 9216 bytes (RFC 8200 section 5).")
  }
  const vlan = "vlan" in attachment ? attachment.vlan : undefined
  if (vlan !== undefined && (!Number.isInteger(vlan) || vlan < 1 || vlan > 4094)) {
    throw invalid("network.attachment.vlan", vlan, "no VLAN id", "Give 1 to 4094.")
  }
}

/** `kinds` absent: every kind can be made. */
export function checkAttachment({ attachment }: NetworkSpec, kinds: readonly string[] | undefined): void {
  if (kinds === undefined || kinds.includes(attachment.kind)) return
  throw new Slash64Error("UNIMPLEMENTED", `network.attachment ${attachment.kind}: this host cannot make it`, {
    field: "network.attachment",
    value: attachment.kind,
    hint: `Use one of ${kinds.join(", ")}.`,
  })
}

export function checkNic(nic: NicSpec): void {
  parseId("nic.id", nic.id)
  parseNicMac("nic.mac", nic.mac)
}

export function checkRouter(router: RouterSpec): void {
  parseId("router.id", router.id)
  parseNicMac("router.controlMac", router.controlMac)
  for (const nic of router.nics) parseNicMac("router.nics.mac", nic.mac)
  const size = Buffer.from(router.seed, "base64").length
  if (size === 0 || size % 512 !== 0) {
    throw invalid("router.seed", `${size} bytes`, "no disk", "Give a multiple of 512 bytes, in base64.")
  }
}

/** This host knows no ability that a spec could require. */
export function checkRequires(requires: readonly string[] = []): void {
  const [first] = requires
  if (first === undefined) return
  throw new Slash64Error("UNIMPLEMENTED", `requires ${quote(first)}: this host does not know it`, {
    field: "requires",
    value: quote(first),
    hint: "Use a host whose adapter knows it.",
  })
}

export function withoutPortSecurity(nic: NicSpec): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `NIC ${nic.id} asks for port security, which this host has not`, {
    field: "nic.portSecurity",
    value: "true",
    hint: "Ask only a host whose capabilities name it.",
  })
}

/** Reads the whole file. NOT_FOUND when it cannot be read, DATA_LOSS when it has another digest. */
export async function checkDigest(spec: TemplateSpec, call: Call): Promise<void> {
  const hash = createHash("sha256")
  try {
    await pipeline(createReadStream(spec.file), hash, { signal: call.signal })
  } catch (error) {
    if (call.signal.aborted) throw abortError(call.signal)
    throw new Slash64Error("NOT_FOUND", `template file ${quote(spec.file)} cannot be read`, {
      field: "template.file",
      value: quote(spec.file),
      hint: "Build the template again.",
      cause: error,
    })
  }
  const digest = `sha256:${hash.digest("hex")}`
  if (digest === spec.digest) return
  throw new Slash64Error("DATA_LOSS", `template.digest ${quote(spec.digest)}: the file has ${digest}`, {
    field: "template.digest",
    value: quote(spec.digest),
    hint: "Build or fetch the template again.",
  })
}

/** The name of the bridge, made for the network or made by the administrator. */
export function bridgeOf({ id, attachment }: NetworkSpec): string {
  return attachment.kind === "bridge" || attachment.kind === "openvswitch" ? attachment.bridge : `mem-${id}`
}

/** The device that the administrator must have made. */
export function deviceOf({ attachment }: NetworkSpec): string | undefined {
  if (attachment.kind === "isolated") return undefined
  return attachment.kind === "vlan" ? attachment.uplink : attachment.bridge
}
