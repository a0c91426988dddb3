#!/bin/busybox sh
# The hypervisor host under test: this machine's own programs, read-only, under Debian's standard kernel.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
modprobe -a virtio_pci 9pnet_virtio 9p overlay virtio_net
mkdir -p /lower /upper /new
mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=524288,cache=loose root /lower
mount -t tmpfs -o mode=755 tmpfs /upper
mkdir /upper/files /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work overlay /new
for place in proc sys dev; do mount --move /$place /new/$place; done
for place in run var/lib/libvirt var/cache/libvirt var/log/libvirt; do mount -t tmpfs -o mode=755 tmpfs /new/$place; done
cp /bin/busybox /start /new/run/
exec switch_root /new /run/busybox sh /run/start
