#!/bin/sh
# Process 1 of an Open vSwitch: openvswitch.sh DIR RUNDIR HOLD
# DIR holds the database and the logs, RUNDIR the sockets, all by absolute paths. HOLD as in private-libvirtd.sh.
set -eu
dir=$1
run=$2
# Also for the sockets of its bridges, which two switches would else fight for.
export OVS_RUNDIR="$run"
# The devices of user-space bridges outlive ovs-vswitchd unless it is told to clean up.
clean_up() {
  trap '' TERM
  ovs-appctl --timeout=10 --target="$run/ovs-vswitchd.ctl" exit --cleanup || true
  wait "$switchd" || true
  exit 0
}
[ -e "$dir/conf.db" ] || ovsdb-tool create "$dir/conf.db" /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server "$dir/conf.db" --remote="punix:$run/db.sock" --unixctl="$run/ovsdb-server.ctl" \
  --pidfile="$run/ovsdb-server.pid" --log-file="$dir/ovsdb-server.log" </dev/null &
until ovs-vsctl --db="unix:$run/db.sock" --no-wait --timeout=5 init; do sleep 0.05; done
ovs-vswitchd "unix:$run/db.sock" --unixctl="$run/ovs-vswitchd.ctl" \
  --pidfile="$run/ovs-vswitchd.pid" --log-file="$dir/ovs-vswitchd.log" </dev/null &
switchd=$!
trap clean_up TERM
if [ "$3" = caller ]; then
  exec 3<&0
  { cat >/dev/null; kill -TERM 1; } <&3 &
fi
wait "$switchd"
