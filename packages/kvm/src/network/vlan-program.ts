/**
 * The program on the host that makes the bridge of a VLAN network from its state file, and libvirt's hook that runs
 * it before such a network starts (docs/decisions/vlan-over-reboot.md).
 */
export const vlanProgramPath = "/usr/local/libexec/slash64-network"
export const vlanHookPath = "/etc/libvirt/hooks/network.d/slash64"
export const vlanStateDirectory = "/etc/slash64/networks"

/** The program's exit codes. */
export const vlanExit = { noUplink: 3, noModule: 4, uplinkMtu: 5, vlanTaken: 6, inUse: 7 } as const

/** What the program reads: `key=value` lines. The values were checked before. */
export function vlanState(uplink: string, vlan: number, mtu: number): string {
  return `uplink=${uplink}\nvlan=${vlan}\nmtu=${mtu}\n`
}

export const vlanHook = `#!/bin/sh
# slash64: makes the bridge of a VLAN network before libvirt starts the network.
# Arguments (https://libvirt.org/hooks.html): network, operation, sub-operation, extra.
[ "$2/$3" = start/begin ] || exit 0
[ -f "${vlanStateDirectory}/$1" ] || exit 0
exec ${vlanProgramPath} up "$1" </dev/null
`

export const vlanProgram = String.raw`#!/bin/sh
# slash64-network up|down NAME
# Makes or removes the bridge NAME and the VLAN device under it, as the state file NAME says. Repeating is success.
# Exit: 3 the uplink is not there, 4 the kernel makes no VLAN, 5 the uplink's MTU is too small,
#       6 another device has the VLAN on the uplink, 7 ports are on the bridge, 1 anything else.
set -u
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
sys=/sys/class/net

die() {
  code=$1
  shift
  echo "slash64-network: $*" >&2
  exit "$code"
}

# A guest segment is not the host's: it must take no address there, not even a link-local.
no_ipv6() {
  knob=/proc/sys/net/ipv6/conf/$1/disable_ipv6
  [ ! -e "$knob" ] || echo 1 >"$knob" || die 1 "cannot write $knob"
}

read_state() {
  uplink='' vlan='' mtu=''
  while IFS='=' read -r key value; do
    case $key in
      uplink) uplink=$value ;;
      vlan) vlan=$value ;;
      mtu) mtu=$value ;;
    esac
  done <"$state"
  case $uplink in '' | -* | */* | *[!A-Za-z0-9_.+-]*) die 1 "$state: bad uplink" ;; esac
  case $vlan in '' | *[!0-9]*) die 1 "$state: bad vlan" ;; esac
  case $mtu in '' | *[!0-9]*) die 1 "$state: bad mtu" ;; esac
}

# Early in boot the uplink's driver may still be probing.
await_uplink() {
  tries=$1
  while [ ! -e "$sys/$uplink" ]; do
    [ "$tries" -gt 0 ] || die 3 "no network device $uplink"
    tries=$((tries - 1))
    sleep 1
  done
}

up() {
  read_state
  await_uplink "$wait"
  [ "$(cat "$sys/$uplink/mtu")" -ge "$mtu" ] || die 5 "$uplink has MTU $(cat "$sys/$uplink/mtu"), below $mtu"
  if [ ! -e "$sys/$device" ]; then
    modprobe 8021q 2>/dev/null
    problem=$(ip link add link "$uplink" name "$device" type vlan id "$vlan" 2>&1) || case $problem in
      *"File exists"* | *"already exists"*) die 6 "VLAN $vlan on $uplink belongs to another device" ;;
      *"Unknown device type"* | *"not supported"*) die 4 "the kernel has no 802.1Q (module 8021q)" ;;
      *) die 1 "$problem" ;;
    esac
  fi
  no_ipv6 "$device"
  if [ ! -e "$sys/$bridge/bridge" ]; then
    ip link add name "$bridge" type bridge stp_state 0 forward_delay 0 mcast_snooping 0 || die 1 "cannot make $bridge"
  fi
  no_ipv6 "$bridge"
  # Snooping without a querier would starve guests of neighbour solicitations (RFC 4541 section 3).
  ip link set dev "$bridge" type bridge stp_state 0 forward_delay 0 mcast_snooping 0 || die 1 "cannot set $bridge"
  ip link set dev "$device" mtu "$mtu" master "$bridge" || die 1 "cannot put $device on $bridge"
  ip link set dev "$bridge" mtu "$mtu" || die 1 "cannot set the MTU of $bridge"
  ip link set dev "$uplink" up && ip link set dev "$device" up && ip link set dev "$bridge" up || die 1 "cannot bring it up"
}

down() {
  for port in "$sys/$bridge/brif"/*; do
    case $port in */'*' | */"$device") ;; *) die 7 "$(basename "$port") is on $bridge" ;; esac
  done
  [ ! -e "$sys/$bridge" ] || ip link delete dev "$bridge" || die 1 "cannot delete $bridge"
  [ ! -e "$sys/$device" ] || ip link delete dev "$device" || die 1 "cannot delete $device"
  rm -f "$state"
}

[ $# -ge 2 ] || die 1 "usage: slash64-network up|down NAME"
short=$(expr "x$2" : 'xs64-\([a-z2-7]\{10\}\)$') || die 1 "not the name of a slash64 network: $2"
bridge=s64-$short device=s64v-$short state=${vlanStateDirectory}/s64-$short wait=10
[ "$1" = down ] || [ -f "$state" ] || die 1 "no $state"
case $1 in
  up) up ;;
  down) down ;;
  *) die 1 "usage: slash64-network up|down NAME" ;;
esac
`
