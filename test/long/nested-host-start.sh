#!/bin/sh
# Process 1 of the nested host, with the machine's own programs in reach.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
for word in $(cat /proc/cmdline); do
  case $word in
  slash64.dir=*) dir=${word#*=} ;;
  slash64.modules=*) modules=${word#*=} ;;
  esac
done
release=$(uname -r)
mkdir -p /dev/pts /dev/shm "/lib/modules/$release" /run/sshd /run/libvirt /var/lib/libvirt/dnsmasq /var/lib/libvirt/images
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount --bind "$modules/lib/modules/$release" "/lib/modules/$release"
hostname nested
ip link set lo up
ip link set eth0 up
ip address add 10.0.2.15/24 dev eth0
ip link set eth1 name uplink0
ip link set uplink0 up
modprobe -a kvm_amd tun bridge 8021q
printf '%s\n' 'namespaces = []' 'user = "root"' 'group = "root"' 'security_driver = "none"' >/etc/libvirt/qemu.conf
# A plain shell and an empty home: the machine's own may run whatever at each login.
sed -i 's|^root:.*|root:x:0:0:root:/run:/bin/sh|' /etc/passwd
rm -rf /etc/libvirt/qemu /etc/libvirt/storage /etc/libvirt/hooks
: >/etc/inittab
/usr/sbin/sshd -f "$dir/sshd_config"
virtlogd -d
libvirtd -d
echo "nested host: started"
exec /run/busybox init
