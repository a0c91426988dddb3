# Sourced inside a mount namespace. Shows this namespace a /dev that lacks /dev/kvm: a node that is there and does
# not work costs libvirt 9.0 up to 68 s on every define. $1 is an empty directory to build the new /dev on.
hide_kvm() {
  mount -t tmpfs -o mode=0755 slash64-dev "$1"
  for node in /dev/*; do
    copy=$1/${node##*/}
    if [ "$node" = /dev/kvm ]; then
      continue
    elif [ -d "$node" ] && [ ! -L "$node" ]; then
      mkdir "$copy"
      mount --rbind "$node" "$copy"
    else
      cp -a "$node" "$copy"
    fi
  done
  mount --rbind "$1" /dev
}
