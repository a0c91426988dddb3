import { invalid } from "../errors.ts"
import { cloudInit1, cloudInit2 } from "./cloud-init.ts"
import { dhclient, dhclient41, ifcfg } from "./dhclient.ts"
import { dhcpcd } from "./dhcpcd.ts"
import type { GuestSetUp } from "./guest-files.ts"
import { parseGuestNic } from "./guest-nic.ts"
import type { GuestNic, GuestNicRequest } from "./guest-nic.ts"
import { interfaces, ubuntu1210 } from "./ifupdown.ts"
import { netplan } from "./netplan.ts"
import { networkManager } from "./network-manager.ts"
import { networkd } from "./networkd.ts"
import { wicked } from "./wicked.ts"
import { windowsPowerShell, windowsRegistry } from "./windows.ts"

const clients = {
  dhclient: { render: dhclient, about: "ISC dhclient 4.2 and later, started by hand" },
  "dhclient-4.1": { render: dhclient41, about: "ISC dhclient 4.1, started by hand" },
  ifcfg: { render: ifcfg, about: "CentOS 6, network-scripts" },
  "ubuntu-12.10": { render: ubuntu1210, about: "Ubuntu 12.10, /etc/network/interfaces" },
  interfaces: { render: interfaces, about: "Debian, ifupdown" },
  networkd: { render: networkd, about: "systemd-networkd" },
  networkmanager: { render: networkManager, about: "NetworkManager, a keyfile" },
  dhcpcd: { render: dhcpcd, about: "dhcpcd 9 and later" },
  netplan: { render: netplan, about: "netplan with systemd-networkd" },
  "cloud-init-v2": { render: cloudInit2, about: "cloud-init, network configuration version 2" },
  "cloud-init-v1": { render: cloudInit1, about: "cloud-init, network configuration version 1" },
  wicked: { render: wicked, about: "SUSE's wicked" },
  "windows-powershell": { render: windowsPowerShell, about: "Windows 8, Server 2012 and later" },
  "windows-registry": { render: windowsRegistry, about: "the DUID of a Windows" },
} as const satisfies Record<string, { readonly render: (nic: GuestNic) => GuestSetUp; readonly about: string }>

export type GuestClient = keyof typeof clients

/** The clients that {@link guestConfig} knows, and what each is. */
export const guestClients: readonly { readonly client: GuestClient; readonly about: string }[] = Object.entries(
  clients,
).flatMap(([name, { about }]) => (isGuestClient(name) ? [{ client: name, about }] : []))

export interface GuestConfigRequest extends GuestNicRequest {
  readonly client: string
}

export interface GuestConfig extends GuestSetUp {
  readonly client: GuestClient
}

/**
 * How a guest is set up for one of its NICs, in the words of its own DHCP client. A guest needs none of it to get its
 * address; a NIC that is not its VM's default needs it, or it takes a default route of every RA that it hears.
 * Pure. Throws INVALID_ARGUMENT that names `client`, `device`, `nic.id`, `nic.mac` or `network.id`.
 */
export function guestConfig({ client, ...request }: GuestConfigRequest): GuestConfig {
  if (!isGuestClient(client))
    throw invalid("client", client, "is not known", `use one of ${Object.keys(clients).join(", ")}`)
  return { client, ...clients[client].render(parseGuestNic(request)) }
}

function isGuestClient(name: string): name is GuestClient {
  return Object.hasOwn(clients, name)
}
