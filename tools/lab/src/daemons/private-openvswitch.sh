#!/bin/sh
# Process 1 of an Open vSwitch of its own: private-openvswitch.sh RUNDIR HOLD
# RUNDIR holds the database, the sockets and the logs, all by absolute paths. HOLD as in private-libvirtd.sh.
set -eu
dir=$1
# The devices of user-space bridges outlive ovs-vswitchd unless it is told to clean up.
clean_up() {
  trap '' TERM
  ovs-appctl --timeout=10 --target="$dir/ovs-vswitchd.ctl" exit --cleanup || true
  wait "$switchd" || true
  exit 0
}
[ -e "$dir/conf.db" ] || ovsdb-tool create "$dir/conf.db" /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server "$dir/conf.db" --remote="punix:$dir/db.sock" --unixctl="$dir/ovsdb-server.ctl" \
  --pidfile="$dir/ovsdb-server.pid" --log-file="$dir/ovsdb-server.log" </dev/null &
until ovs-vsctl --db="unix:$dir/db.sock" --no-wait --timeout=5 init; do sleep 0.05; done
ovs-vswitchd "unix:$dir/db.sock" --unixctl="$dir/ovs-vswitchd.ctl" \
  --pidfile="$dir/ovs-vswitchd.pid" --log-file="$dir/ovs-vswitchd.log" </dev/null &
switchd=$!
trap clean_up TERM
if [ "$2" = caller ]; then
  exec 3<&0
  { cat >/dev/null; kill -TERM 1; } <&3 &
fi
wait "$switchd"
