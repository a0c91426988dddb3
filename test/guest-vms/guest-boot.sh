#!/bin/sh
# A small Debian: what an installation keeps is on the second partition, and a new disk is a new installation.
mount -t proc proc /proc
# As in a container: there is no udev here, and systemd-networkd waits for it where /sys can be written.
mount -t sysfs -o ro sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs -o mode=755 tmpfs /run
modprobe -a virtio_pci virtio_blk virtio_console
mount -t ext4 /dev/vda2 /disk
[ -s /disk/machine-id ] || tr -d - </proc/sys/kernel/random/uuid >/disk/machine-id
[ -s /disk/iaid ] || echo $(($(cut -c1-4 /proc/sys/kernel/random/uuid | sed s/^/0x/) + 1)) >/disk/iaid
sync
cp /disk/machine-id /etc/machine-id
read -r iaid </disk/iaid
hostname guest
ip link set dev lo up
modprobe virtio_net

case $(cat /proc/cmdline) in
*client=networkd*)
	mkdir -p /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
	chown -R 104:104 /run/systemd/netif
	sed "s/^IAID=.*/IAID=$iaid/" /etc/networkd.template >/etc/systemd/network/ether.network
	/lib/systemd/systemd-networkd >/run/client.log 2>&1 &
	;;
*client=dhclient*)
	ip link set dev eth0 up
	until ip -6 -o addr show dev eth0 scope link -tentative | grep -q inet6; do sleep 0.05; done
	dhclient -6 -D LLT -nw -pf /run/dhclient.pid -lf /disk/dhclient.leases eth0 >/run/client.log 2>&1
	;;
esac
echo "guest: booted"
