import { type NetworkSpec, Slash64Error } from "@slash64/core"
import { type HostShell, type ShellResult, commandFailed, runOk } from "../host/host-shell.ts"
import { networkNames } from "../names.ts"
import { noDevice } from "./host-bridge.ts"
import {
  vlanExit,
  vlanHook,
  vlanHookPath,
  vlanProgram,
  vlanProgramPath,
  vlanState,
  vlanStateDirectory,
} from "./vlan-program.ts"

export interface VlanNetwork extends NetworkSpec {
  readonly attachment: Extract<NetworkSpec["attachment"], { readonly kind: "vlan" }>
}

export function isVlanNetwork<Network extends NetworkSpec>(network: Network): network is Network & VlanNetwork {
  return network.attachment.kind === "vlan"
}

/**
 * Makes the VLAN device and its bridge, now and before every later start of the libvirt network. NOT_FOUND without
 * the uplink, FAILED_PRECONDITION without 802.1Q in the kernel, ALREADY_EXISTS when another device has the VLAN.
 */
export async function makeVlanBridge(shell: HostShell, network: VlanNetwork, signal: AbortSignal): Promise<void> {
  const { network: name } = networkNames(network.id)
  const { uplink, vlan } = network.attachment
  const state = { path: `${vlanStateDirectory}/${name}`, mode: "0644", content: vlanState(uplink, vlan, network.mtu) }
  await writeFiles(shell, [program, hook, state], signal)
  const argv = [vlanProgramPath, "up", name]
  const result = await shell.run(argv, { signal, asRoot: true })
  if (result.code !== 0) throw refusal(network, argv, result)
}

/** Removes both devices and the state file. FAILED_PRECONDITION while ports are on the bridge. Absent: success. */
export async function removeVlanBridge(shell: HostShell, network: VlanNetwork, signal: AbortSignal): Promise<void> {
  const argv = [vlanProgramPath, "down", networkNames(network.id).network]
  await writeFiles(shell, [program], signal)
  const result = await shell.run(argv, { signal, asRoot: true })
  if (result.code !== 0) throw refusal(network, argv, result)
}

interface HostFile {
  readonly path: string
  readonly mode: string
  readonly content: string
}

const program: HostFile = { path: vlanProgramPath, mode: "0755", content: vlanProgram }
const hook: HostFile = { path: vlanHookPath, mode: "0755", content: vlanHook }

/** Writes beside and renames, so that a hook never reads half a file; leaves a file that is right already. */
async function writeFiles(shell: HostShell, files: readonly HostFile[], signal: AbortSignal): Promise<void> {
  const args = files.flatMap(({ path, mode, content }) => [path, mode, content])
  await runOk(shell, ["sh", "-c", writeScript, "sh", ...args], { signal, asRoot: true })
}

const writeScript = String.raw`
set -e
umask 022
while [ $# -gt 0 ]; do
  mkdir -p "$(dirname "$1")"
  new=$(mktemp "$1.XXXXXX")
  trap 'rm -f "$new"' EXIT
  printf %s "$3" >"$new"
  chmod "$2" "$new"
  cmp -s "$new" "$1" && rm -f "$new" || mv -f "$new" "$1"
  shift 3
done
`

function refusal(network: VlanNetwork, argv: readonly string[], result: ShellResult): Slash64Error {
  const { uplink, vlan } = network.attachment
  const words = result.stderr.trim()
  const native = { argv, code: result.code, stderr: words }
  switch (result.code) {
    case vlanExit.noUplink:
      return noDevice("network.attachment.uplink", uplink, "network device")
    case vlanExit.noModule:
      return new Slash64Error("FAILED_PRECONDITION", `the host's kernel makes no VLAN: ${words}`, {
        field: "network.attachment",
        value: `VLAN ${vlan} on ${uplink}`,
        hint: "Load the module 8021q on the host (modprobe 8021q), or use a kernel that has it.",
        native,
      })
    case vlanExit.uplinkMtu:
      return new Slash64Error("FAILED_PRECONDITION", words, {
        field: "network.mtu",
        value: String(network.mtu),
        hint: `Raise the MTU of ${uplink}, or lower the network's.`,
        native,
      })
    case vlanExit.vlanTaken:
      return new Slash64Error("ALREADY_EXISTS", words, {
        field: "network.attachment.vlan",
        value: String(vlan),
        hint: `Use the kind bridge with the bridge that has VLAN ${vlan}, or remove that device (ip -d link show type vlan).`,
        native,
      })
    case vlanExit.inUse:
      return new Slash64Error("FAILED_PRECONDITION", words, {
        field: "network.id",
        value: network.id,
        hint: "Detach the NICs on it first.",
        native,
      })
    default:
      return commandFailed(argv, result)
  }
}
