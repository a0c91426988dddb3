# Sourced first in a new mount namespace: what is mounted here is not seen outside. Mount by mount, because in a
# chroot, whose root is no mount point, unshare(1) cannot say it for all at once.
while read -r _ _ _ _ mount_point _; do
  tries=0
  # The machine may take one away meanwhile, and bring another of its name: a network namespace is a mount too.
  until said=$(mount --make-slave "$(printf '%b' "$mount_point")" 2>&1); do
    grep -qF " $mount_point " /proc/self/mountinfo || break
    tries=$((tries + 1))
    if [ "$tries" -eq 100 ]; then
      echo "$said" >&2
      exit 1
    fi
  done
done </proc/self/mountinfo
