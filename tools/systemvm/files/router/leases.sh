# Leases: found, and ended where their reservation is gone; release, leases and restore.

# A line of dnsmasq's lease file: expiry, MAC or IAID, address, name or *, client identifier or *.
lease_shape='[0-9]+ T?[0-9a-f:-]+ [0-9a-f:.]+ [A-Za-z0-9.*-]+ ([0-9a-f:]+|[*])'

# Lease lines whose address is in the file $1: "expiry, MAC or IAID, address, name, client".
leases_of() {
	[ -e "$leases" ] || return 0
	awk -v list="$1" 'FILENAME == list { wanted[$1]; next } NF > 4 && $3 in wanted' "$1" "$leases"
}

# Lets only reserved addresses through: a lease without a reservation is one that no release reached.
keep_reserved_leases() {
	[ -e "$leases" ] || return 0
	stop_dnsmasq
	served_hosts | pairs_in | cut -d ' ' -f 2 >"$run/reserved"
	awk -v list="$run/reserved" 'FILENAME == list { reserved[$1]; next } $1 == "duid" || $3 in reserved' \
		"$run/reserved" "$leases" >"$leases.new" && mv -f "$leases.new" "$leases"
}

# Ends the leases of the addresses in the file $1: by a RELEASE in the client's name, which dnsmasq takes without a
# pause; where that does not help, by hand while dnsmasq is stopped.
end_leases() {
	[ -n "$(leases_of "$1")" ] || return 0
	if dnsmasq_pid; then
		server=$(sed -n 's/^duid //p' "$leases")
		leases_of "$1" | while read -r _ key address _ client; do
			case $address in
			*:*) dhcp_release6 --iface guest --client-id "$client" --server-id "$server" --iaid "${key#T}" --ip "$address" ;;
			*) dhcp_release guest "$address" "$key" "$client" ;;
			esac
		done >/dev/null 2>&1
		tries=0
		while [ $tries -lt 10 ]; do
			[ -n "$(leases_of "$1")" ] || return 0
			tries=$((tries + 1))
			sleep 0.05
		done
	fi
	stop_dnsmasq
	awk -v list="$1" 'FILENAME == list { ended[$1]; next } $1 == "duid" || !($3 in ended)' "$1" "$leases" >"$leases.new"
	mv -f "$leases.new" "$leases"
	[ ! -e "$state/current" ] || start_dnsmasq
}

# Before a change: the reservations as they are served.
remember_hosts() {
	[ -e "$run/hosts" ] || return 0
	ln -f "$run/hosts" "$run/was"
	: >"$run/was.added"
	for added in "$run"/hosts.d/*; do
		[ ! -e "$added" ] || cat "$run"/hosts.d/* >"$run/was.added"
		return
	done
}

# After it: the leases of the addresses that a reservation had and no longer has.
end_gone_leases() {
	[ -e "$run/was" ] && grep -qs ' .* .* ' "$leases" || return 0
	set -- "$run/hosts"
	for added in "$run"/hosts.d/*; do [ ! -e "$added" ] || set -- "$@" "$added"; done
	awk '
		kind == "lease" {
			if (NF > 4) leased[$3]
			next
		}
		{
			for (i = 2; i <= NF; i++) {
				address = substr($i, 1, 1) == "[" ? substr($i, 2, length($i) - 2) : $i
				if (!(address in leased)) continue
				if (kind == "was") was[address] = $1
				else if (was[address] == $1) delete was[address]
			}
		}
		END { for (address in was) if (was[address] != "") print address }
	' kind=lease "$leases" FS=, kind=was "$run/was" "$run/was.added" kind=is "$@" >"$run/gone"
	end_leases "$run/gone"
}

release() {
	[ "${1-}" = --mac ] || fail INVALID "release has one option, --mac" "${1-}"
	mac=$(printf '%s' "${2-}" | tr 'A-F' 'a-f')
	printf '%s\n' "$mac" | grep -qx "$mac_pattern" || fail INVALID "--mac is no MAC address" "${2-}"
	lock release
	problems=''
	{
		served_hosts | grep "^$mac" | pairs_in | cut -d ' ' -f 2
		awk -v mac="$mac" 'NF > 4 && $2 == mac { print $3 }' "$leases" 2>/dev/null
	} >"$run/releasing"
	end_leases "$run/releasing"
	[ -z "$problems" ] || fail FAILED "dnsmasq did not start again" "$problems"
	echo '{}'
}

# The leases as dnsmasq keeps them, for the router that takes the place of this one.
leases() {
	lock leases
	[ ! -e "$leases" ] || awk 'NF > 4' "$leases"
}

# Standard input: lines that `leases` gave. Those of addresses that are leased already are passed over; those without a
# reservation are dropped, now or at the first apply.
restore() {
	lock restore
	must mkdir -p "$state/leases"
	cat >"$run/restoring"
	words=$(awk "!/^$lease_shape\$/ { print; exit 1 }" "$run/restoring") || fail INVALID "a line is no lease" "$words"
	stop_dnsmasq
	: >>"$leases"
	awk -v held="$leases" '
		FILENAME == held && $1 != "duid" { leased[$3] }
		FILENAME == held || !($3 in leased) { print; leased[$3] }' "$leases" "$run/restoring" >"$leases.new"
	must mv -f "$leases.new" "$leases"
	problems=''
	if [ -e "$state/current" ]; then
		keep_reserved_leases
		start_dnsmasq
	fi
	[ -z "$problems" ] || fail FAILED "dnsmasq did not start again" "$problems"
	echo '{}'
}
