#!/bin/sh
# Process 1 of a libvirtd with its own files: private-libvirtd.sh DIR HIDE_KVM HOLD
# DIR has run, lib, etc, cache, log, openvswitch and dev. HOLD is "caller": ends with standard input; or "detached".
# It ends on SIGTERM too. The end of this process is the end of every process in its namespace.
set -eu
dir=$1
. "${0%/*}/own-mounts.sh"
. "${0%/*}/without-kvm.sh"
if [ "$2" = true ]; then hide_kvm "$dir/dev"; fi
# Consoles are locked there; init makes it, and a chroot may have had none.
[ -d /run/lock ] || mkdir -m 1777 /run/lock
mount --bind "$dir/run" /run/libvirt
mount --bind "$dir/lib" /var/lib/libvirt
mount --bind "$dir/etc" /etc/libvirt
mount --bind "$dir/cache" /var/cache/libvirt
mount --bind "$dir/log" /var/log/libvirt
mount --bind "$dir/openvswitch" /run/openvswitch

# Bridges and filters of libvirt's making live in the host's network namespace, so they do not end by themselves.
clean_up() {
  trap '' TERM
  destroying=
  for vm in $(virsh -c qemu:///system list --uuid); do
    virsh -c qemu:///system destroy "$vm" >&2 &
    destroying="$destroying $!"
  done
  for pid in $destroying; do wait "$pid" || true; done
  for network in $(virsh -c qemu:///system net-list --uuid); do
    virsh -c qemu:///system net-destroy "$network" >&2 || true
  done
  kill -TERM "$libvirtd" 2>/dev/null || true
  exit 0
}
trap clean_up TERM

virtlogd -p "$dir/virtlogd.pid" </dev/null &
virtlogd=$!
libvirtd -p "$dir/libvirtd.pid" </dev/null &
libvirtd=$!
if [ "$3" = caller ]; then
  exec 3<&0
  { cat >/dev/null; kill -TERM 1; } <&3 &
fi
wait "$libvirtd"
