import { type NetworkSpec, Slash64Error, invalid, parseId } from "@slash64/core"

/** Checks what the adapter is about to hand to the host. The rules of a shared network are the caller's. */
export function checkNetwork(network: NetworkSpec): void {
  parseId("network.id", network.id)
  checkRequires(network.requires, "network.requires")
  if (!Number.isInteger(network.mtu) || network.mtu < 1280 || network.mtu > 9216) {
    throw invalid(
      "network.mtu",
      network.mtu,
      "not a whole number of 1280 to 9216",
      "Give 1500, or what the uplink carries.",
    )
  }
  const { attachment } = network
  switch (attachment.kind) {
    case "isolated":
      return
    case "bridge":
      return checkDevice("network.attachment.bridge", attachment.bridge)
    case "openvswitch":
      checkDevice("network.attachment.bridge", attachment.bridge)
      return attachment.vlan === undefined ? undefined : checkVlan(attachment.vlan)
    case "vlan":
      checkDevice("network.attachment.uplink", attachment.uplink)
      return checkVlan(attachment.vlan)
    default:
      throw invalid(
        "network.attachment",
        attachment,
        "of no kind that this host knows",
        "Give isolated, bridge, vlan or openvswitch.",
      )
  }
}

export function checkRequires(requires: readonly string[] | undefined, field: string): void {
  const [unknown] = requires ?? []
  if (unknown === undefined) return
  throw new Slash64Error("UNIMPLEMENTED", `${field} ${JSON.stringify(unknown)}: the kvm plugin does not know it`, {
    field,
    value: unknown,
    hint: "Leave it out, or use a host whose adapter knows it.",
  })
}

/** A network device's name as Linux takes it (dev_valid_name), less what other programs would read as syntax. */
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
