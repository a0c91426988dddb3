import { guestConfig, type GuestClient, type GuestFile, type Nic, type RouterState } from "@slash64/core"
import type { ClientGuest } from "../integration/client-guest.ts"
import type { Client } from "./cells.ts"

/** One NIC of a guest, as the guest's own set-up has to know it. */
export interface MatrixNic {
  readonly device: string
  readonly nic: Pick<Nic, "id" | "mac" | "isDefault">
  readonly network: RouterState
}

/** What an installation makes of a guest: its clones share it, and another installation has another. */
export interface Installation {
  /** 32 hexadecimal digits. */
  readonly machineId: string
  readonly iaid: number
  readonly again: boolean
}

interface ClientSetUp {
  readonly config: GuestClient
  /** How it differs from the set-up that slash64 generates: the guest need not do as it is told. */
  readonly edit: (text: string, installation: Installation) => string
  /** After every boot. */
  readonly begin: (guest: ClientGuest, nics: readonly MatrixNic[], installation: Installation) => Promise<unknown>
}

const networkd = (duid: (installation: Installation) => string): ClientSetUp => ({
  config: "networkd",
  edit: (text, installation) => text.replace("DUIDType=link-layer", `${duid(installation)}\nIAID=${installation.iaid}`),
  begin: (guest) => guest.start("/lib/systemd/systemd-networkd"),
})

/** dhclient's IAID is of the MAC alone; PXE and the system behind it differ in the DUID. */
const dhclient = (first: "LL" | "LLT"): ClientSetUp => ({
  config: "dhclient",
  edit: (text) => text,
  async begin(guest, nics, { again }) {
    const duid = first === "LL" && again ? "LLT" : first
    const lines = nics.flatMap((one) => configOf("dhclient", one).commands)
    await guest.shell(lines.map((line) => line.replace("-D LL ", `-D ${duid} `)).join("\n"))
  },
})

const setUps: Readonly<Record<Client, ClientSetUp>> = {
  "dhclient, DUID-LL": dhclient("LL"),
  "dhclient, DUID-LLT": dhclient("LLT"),
  // A DUID-EN of the machine-id, which clones share.
  "systemd-networkd, its default": networkd(() => ""),
  "systemd-networkd, link-layer": networkd(() => "DUIDType=link-layer"),
  "systemd-networkd, uuid": networkd(
    ({ machineId }) => `DUIDType=uuid\nDUIDRawData=${machineId.match(/../g)?.join(":") ?? ""}`,
  ),
  dhcpcd: {
    config: "dhcpcd",
    // Without `duid ll` it makes a DUID-LLT or DUID-UUID and keeps it in a file, which clones share.
    edit: (text, { iaid }) => text.replace(/^duid ll\n/m, "").replace(/^( *)slaac hwaddr$/m, `$1iaid ${iaid}`),
    begin: (guest, nics) =>
      guest.shell(`dhcpcd --nodev --logfile /tmp/started.log ${nics.map(({ device }) => device).join(" ")}`),
  },
  ifupdown: {
    config: "interfaces",
    edit: (text) => text,
    begin: (guest, nics) => guest.shell(nics.map(({ device }) => `ifup ${device}`).join("\n")),
  },
}

const interfaces: GuestFile = {
  path: "/etc/network/interfaces",
  mode: "0644",
  how: "whole",
  text: "source /etc/network/interfaces.d/*\n",
}

/** What the installation writes on the disk. */
export function filesFor(client: Client, nics: readonly MatrixNic[], installation: Installation): readonly GuestFile[] {
  const { config, edit } = setUps[client]
  const files = nics.flatMap((one) => configOf(config, one).files)
  const edited = files.map(({ path, mode, how, text }) => ({ path, mode, how, text: edit(text, installation) }))
  return client === "ifupdown" ? [...edited, interfaces] : edited
}

export function beginClient(
  client: Client,
  guest: ClientGuest,
  nics: readonly MatrixNic[],
  installation: Installation,
): Promise<unknown> {
  return setUps[client].begin(guest, nics, installation)
}

function configOf(client: GuestClient, { nic, network, device }: MatrixNic) {
  const { networkId: id, ipv6, ipv4 } = network
  return guestConfig({ client, nic, network: { id, ...(ipv6 && { ipv6 }), ...(ipv4 && { ipv4 }) }, device })
}
