# Sourced first in a new mount namespace: what is mounted here is not seen outside. Mount by mount, because in a
# chroot, whose root is no mount point, unshare(1) cannot say it for all at once.
while read -r _ _ _ _ mount_point _; do
  mount --make-slave "$(printf '%b' "$mount_point")"
done </proc/self/mountinfo
