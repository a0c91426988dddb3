import { parseId } from "../address/id.ts"
import { Slash64Error, invalid, quote } from "../errors.ts"
import { parseInterfaceName, parseMtu, parseVlan } from "../network/names.ts"
import type { NetworkAttachment, NetworkSpec } from "./hypervisor-plugin.ts"

const everyKind = ["isolated", "bridge", "vlan", "openvswitch"] as const

/**
 * The door of `ensureNetwork`, before an adapter touches anything: INVALID_ARGUMENT with the field; UNIMPLEMENTED for
 * a kind of attachment that is not among `kinds`, and for every entry of `requires`. Whether the bridge or uplink is
 * there is the adapter's to find out.
 */
export function checkNetworkSpec(network: NetworkSpec, kinds: readonly NetworkAttachment["kind"][] = everyKind): void {
  parseId("network.id", network.id)
  checkRequires("network.requires", network.requires)
  checkKind(network.attachment.kind, kinds)
  parseMtu("network.mtu", network.mtu)
  const { attachment } = network
  switch (attachment.kind) {
    case "isolated":
      return
    case "bridge":
      parseInterfaceName("network.attachment.bridge", attachment.bridge)
      return
    case "openvswitch":
      parseInterfaceName("network.attachment.bridge", attachment.bridge)
      if (attachment.vlan !== undefined) parseVlan("network.attachment.vlan", attachment.vlan)
      return
    case "vlan":
      parseInterfaceName("network.attachment.uplink", attachment.uplink)
      parseVlan("network.attachment.vlan", attachment.vlan)
  }
}

/** The abilities that a spec asks to be understood: those that are not among `known` are UNIMPLEMENTED. */
export function checkRequires(
  field: string,
  requires: readonly string[] | undefined,
  known: readonly string[] = [],
): void {
  const unknown = requires?.find((ability) => !known.includes(ability))
  if (unknown === undefined) return
  throw new Slash64Error("UNIMPLEMENTED", `${field} ${quote(unknown)}: this host does not know it`, {
    field,
    value: quote(unknown),
    hint: "Leave it out, or use a host whose adapter knows it.",
  })
}

function checkKind(kind: string, kinds: readonly NetworkAttachment["kind"][]): void {
  const field = "network.attachment"
  const hint = `Give ${kinds.join(", ")}.`
  if (!everyKind.some((one) => one === kind)) throw invalid(`${field}.kind`, kind, "is of no kind", hint)
  if (kinds.some((one) => one === kind)) return
  throw new Slash64Error("UNIMPLEMENTED", `${field}: this host makes no network of the kind ${kind}`, {
    field,
    value: kind,
    hint,
  })
}
