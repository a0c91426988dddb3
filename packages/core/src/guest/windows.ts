import { invalid } from "../errors.ts"
import { wholeFile } from "./guest-files.ts"
import type { GuestSetUp } from "./guest-files.ts"
import { headline } from "./guest-nic.ts"
import type { GuestNic } from "./guest-nic.ts"

/** Windows 8, Server 2012 and later: the NetTCPIP module (Set-NetIPInterface, Set-NetIPv6Protocol, Set-DnsClient). */
export function windowsPowerShell(nic: GuestNic): GuestSetUp {
  const { mac, isDefault, ipv6, ipv4 } = nic
  const address = mac.replaceAll(":", "-").toUpperCase()
  const routes = `-IgnoreDefaultRoutes ${isDefault ? "Disabled" : "Enabled"}`
  const set = (family: string, more: string) =>
    `Set-NetIPInterface -InterfaceIndex $nic.ifIndex -AddressFamily ${family} ${more}-Dhcp Enabled ${routes}`
  const managed = "-RouterDiscovery Enabled -ManagedAddressConfiguration Enabled "
  const script = wholeFile("slash64.ps1", nic, [
    "$ErrorActionPreference = 'Stop'",
    `$nic = Get-NetAdapter -Physical | Where-Object MacAddress -eq '${address}'`,
    `if (-not $nic) { throw 'no NIC has the MAC address ${address}' }`,
    // Link-local addresses from the MAC, by which the router knows the NIC at once; no random ones.
    "Set-NetIPv6Protocol -RandomizeIdentifiers Disabled -UseTemporaryAddresses Disabled",
    ...(ipv6 ? [set("IPv6", managed)] : []),
    ...(ipv4 ? [set("IPv4", "")] : []),
    ...(isDefault ? [] : ["Set-DnsClient -InterfaceIndex $nic.ifIndex -RegisterThisConnectionsAddress $false"]),
  ])
  return {
    files: [{ ...script, text: script.text.replaceAll("\n", "\r\n") }],
    commands: ["powershell -ExecutionPolicy Bypass -File slash64.ps1"],
    notes: ["Not tried on Windows by slash64's own tests. Without it Windows is served too: it does what the RA says."],
  }
}

/**
 * The DUID of a Windows, in its registry (Tcpip6\Parameters, Dhcpv6DUID): one for the whole machine, so it can be that
 * of the default NIC alone. INVALID_ARGUMENT for another NIC.
 */
export function windowsRegistry(nic: GuestNic): GuestSetUp {
  if (!nic.isDefault)
    throw invalid(
      "client",
      "windows-registry",
      `Windows has one DUID, and NIC ${nic.id} is not its VM's default`,
      "take windows-powershell for this NIC",
    )
  const lines = [
    "Windows Registry Editor Version 5.00",
    "",
    `; ${headline(nic)}`,
    String.raw`[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Tcpip6\Parameters]`,
    `"Dhcpv6DUID"=hex:${nic.duid.replaceAll(":", ",")}`,
  ]
  return {
    files: [{ path: "slash64.reg", mode: "0644", how: "whole", text: `${lines.join("\r\n")}\r\n` }],
    commands: ["reg import slash64.reg", "shutdown /r /t 0"],
    notes: ["Not needed: the router knows the NIC by its MAC, whatever the DUID. Not tried by slash64's own tests."],
  }
}
