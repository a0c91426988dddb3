import { type NetworkSpec, Slash64Error, invalid, parseId, quote } from "@slash64/core"

/** Checks what is about to be handed to XAPI, which takes a tag of 0. */
export function checkNetwork(network: NetworkSpec): void {
  parseId("network.id", network.id)
  checkRequires(network.requires, "network.requires")
  const { mtu, attachment } = network
  if (!Number.isInteger(mtu) || mtu < 1280 || mtu > 9216) {
    throw invalid("network.mtu", mtu, "not a whole number of 1280 to 9216", "Give 1500, or what the uplink carries.")
  }
  switch (attachment.kind) {
    case "isolated":
      return
    case "bridge":
      return checkDevice("network.attachment.bridge", attachment.bridge)
    case "vlan":
      checkDevice("network.attachment.uplink", attachment.uplink)
      return checkVlan(attachment.vlan)
    case "openvswitch":
      throw new Slash64Error("UNIMPLEMENTED", "a pool makes its Open vSwitch bridges itself", {
        field: "network.attachment",
        value: attachment.kind,
        hint: "Give the kind bridge for a network of the pool, or vlan.",
      })
    default:
      throw invalid("network.attachment", attachment, "of no known kind", "Give isolated, bridge or vlan.")
  }
}

export function checkRequires(requires: readonly string[] | undefined, field: string): void {
  const [unknown] = requires ?? []
  if (unknown === undefined) return
  throw new Slash64Error("UNIMPLEMENTED", `${field} ${quote(unknown)}: the xenserver plugin does not know it`, {
    field,
    value: unknown,
    hint: "Leave it out, or use a host whose adapter knows it.",
  })
}

function checkDevice(field: string, name: string): void {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,14}$/.test(name)) return
  throw invalid(field, name, "not a network device's name", "Give a name of 1 to 15 letters, digits, and _ . + -")
}

function checkVlan(vlan: number): void {
  if (Number.isInteger(vlan) && vlan >= 1 && vlan <= 4094) return
  throw invalid(
    "network.attachment.vlan",
    vlan,
    "not a VLAN number",
    "Give 1 to 4094 (IEEE 802.1Q reserves 0 and 4095).",
  )
}
