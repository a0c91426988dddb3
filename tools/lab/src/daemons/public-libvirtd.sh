#!/bin/sh
# Starts the libvirtd of this machine in the background: public-libvirtd.sh DIR HIDE_KVM WITH_VIRTLOGD
# With HIDE_KVM it runs in a mount namespace of its own and needs DIR/dev and DIR/qemu.conf.
set -eu
dir=$1
. "${0%/*}/without-kvm.sh"
if [ "$2" = true ]; then
  . "${0%/*}/own-mounts.sh"
  hide_kvm "$dir/dev"
  mount --bind "$dir/qemu.conf" /etc/libvirt/qemu.conf
fi
if [ "$3" = true ]; then virtlogd -d -p "$dir/virtlogd.pid"; fi
libvirtd -d -p "$dir/libvirtd.pid"
