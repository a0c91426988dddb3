import type { HostShell } from "./host-shell.ts"

/** What the host's kernel and programs say, read by one script without rights and one with root's. */
export interface HostProbe {
  readonly ipv6Disabled: boolean
  /** Bridged IPv6 goes through ip6tables (br_netfilter). */
  readonly bridgeFilter: boolean
  readonly vlan: boolean
  readonly openVswitch: boolean
  readonly kvmDevice: boolean
  /** undefined: we may run nothing as root there. */
  readonly root: RootProbe | undefined
}

export interface RootProbe {
  /** The policy of ip6tables' FORWARD chain is DROP. */
  readonly forwardDrops: boolean
  readonly storageWritable: boolean
  readonly storageFreeKiB: number
}

export async function probeHost(shell: HostShell, storage: string, signal: AbortSignal): Promise<HostProbe> {
  const plain = await shell.run(["sh", "-c", plainScript], { signal })
  const root = await shell.run(["sh", "-c", rootScript, "sh", storage], { signal, asRoot: true })
  const said = parseLines(plain.stdout)
  return {
    ipv6Disabled: said.get("ipv6") !== "0",
    bridgeFilter: said.get("bridge_filter") === "1",
    vlan: said.get("vlan") === "yes",
    openVswitch: said.get("ovs") === "yes",
    kvmDevice: said.get("kvm") === "yes",
    root: root.code === 0 ? toRootProbe(parseLines(root.stdout)) : undefined,
  }
}

function toRootProbe(said: ReadonlyMap<string, string>): RootProbe {
  return {
    forwardDrops: said.get("forward") === "-P FORWARD DROP",
    storageWritable: said.get("storage") === "yes",
    storageFreeKiB: Number(said.get("free")),
  }
}

function parseLines(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split("\n").flatMap((line) => {
      const at = line.indexOf("=")
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const]
    }),
  )
}

const plainScript = String.raw`
echo "ipv6=$(cat /proc/sys/net/ipv6/conf/all/disable_ipv6 2>/dev/null)"
echo "bridge_filter=$(cat /proc/sys/net/bridge/bridge-nf-call-ip6tables 2>/dev/null)"
[ ! -e /dev/kvm ] || echo kvm=yes
if [ -e /proc/net/vlan ] || modprobe --dry-run --quiet 8021q 2>/dev/null; then echo vlan=yes; fi
if command -v ovs-vsctl >/dev/null; then echo ovs=yes; fi
`

const rootScript = String.raw`
directory=$1
while [ ! -d "$directory" ]; do directory=$(dirname "$directory"); done
[ ! -w "$directory" ] || echo storage=yes
echo "free=$(df -Pk "$directory" | awk 'NR == 2 { print $4 }')"
echo "forward=$(ip6tables -S FORWARD 2>/dev/null | head -n 1)"
`
