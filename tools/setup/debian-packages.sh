#!/bin/sh
# Installs the packages of debian-packages.txt that are missing. Nothing is touched when all are there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
wanted=$(grep -v '^#' "$here/debian-packages.txt")

if ! command -v dpkg-query >/dev/null; then
  echo "slash64: this is no Debian: the lab and the integration tests need Debian 12 or later" >&2
  exit 1
fi
# shellcheck disable=SC2086 # one word a package
present=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^installed //p' || true)
missing=$(printf '%s\n' "$wanted" | grep -vxF "${present:-none}" || true)
[ -n "$missing" ] || exit 0

# shellcheck disable=SC2086
missing=$(echo $missing)
if [ "$(id -u)" -ne 0 ]; then
  echo "slash64: these Debian packages are missing: $missing" >&2
  echo "slash64: run this command as root, or first: apt-get install --no-install-recommends $missing" >&2
  exit 1
fi
echo "slash64: installing Debian packages: $missing" >&2
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086
if ! {
  apt-get -qq -o DPkg::Lock::Timeout=300 update &&
    apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install --yes --no-install-recommends $missing
} >"$log" 2>&1; then
  cat "$log" >&2
  echo "slash64: apt-get failed, see above; mend it and repeat the command" >&2
  exit 1
fi
