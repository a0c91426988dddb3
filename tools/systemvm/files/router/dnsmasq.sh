# The daemon.

dnsmasq_pid() {
	pid=''
	[ ! -e "$run/dnsmasq.pid" ] || read -r pid <"$run/dnsmasq.pid"
	[ -n "$pid" ] && kill -0 "$pid" 2>/dev/null
}

serve_hosts() {
	if ! dnsmasq_pid; then
		start_dnsmasq
	elif differs dnsmasq.conf; then
		stop_dnsmasq
		start_dnsmasq
	elif [ -n "$reread" ]; then
		kill -HUP "$pid"
	fi
}

# dnsmasq's first process ends when the daemon serves, or with its words and another code when it cannot.
start_dnsmasq() {
	mkdir -p "$state/leases" "$run/hosts.d"
	[ -e "$run/hosts" ] || : >"$run/hosts"
	begin_leases
	: >"$run/dnsmasq.log"
	dnsmasq --conf-file="$state/current/dnsmasq.conf" >/dev/null 2>>"$run/dnsmasq.log" 9>&- && return
	problems="${problems}dnsmasq: $(cat "$run/dnsmasq.log")
"
}

stop_dnsmasq() {
	dnsmasq_pid || return 0
	kill "$pid"
	tries=0
	while kill -0 "$pid" 2>/dev/null; do
		[ $tries -lt 250 ] || kill -9 "$pid"
		tries=$((tries + 1))
		sleep 0.02
	done
}

# dnsmasq takes its own DUID from the first line of its lease file (docs/router-protocol.md).
begin_leases() {
	grep -q '^duid ' "$leases" 2>/dev/null && return
	{
		cat "$leases" 2>/dev/null
		echo "duid $(seed_value server_duid)"
	} >"$leases.new"
	mv -f "$leases.new" "$leases"
}
