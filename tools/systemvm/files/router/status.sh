# status and manifest: what the router has and hears.

status() {
	lock status
	read -r boot_ms <"$run/boot-ms" || boot_ms=0
	read -r version <"$etc/version"
	# Neither the seed's id nor the version has a character that JSON would escape.
	printf '{"routerId":"%s","version":"%s","revision":%s,"generation":%s,"digest":"%s","bootMs":%s,' \
		"$(seed_value router_id)" "$version" "$revision" "$generation" "$digest" "$boot_ms"
	printf '"services":{"sshd":"%s","dnsmasq":"%s"},' "$(sshd_state)" "$(dnsmasq_pid && echo running || echo stopped)"
	printf '"drifted":[%s],"leases":[%s],' "$(drifted | sed 's/.*/"&"/' | paste_commas)" "$(list_leases | paste_commas)"
	printf '"advertisers":[%s]}\n' "$(list_advertisers | paste_commas)"
}

paste_commas() {
	awk 'NR > 1 { printf "," } { printf "%s", $0 }'
}

sshd_state() {
	read -r pid 2>/dev/null </run/sshd.pid && kill -0 "$pid" 2>/dev/null && echo running || echo stopped
}

# Files that differ from the manifest, that it does not name, and reservations that are not those of the last change.
drifted() {
	[ "$number" != 0 ] || return 0
	cd "$state/current/" || return
	{
		sha256sum -c manifest 2>/dev/null | sed -n 's/: FAILED.*//p'
		find . ! -name . | sed 's/^\.\///' | grep -vxF "$(printf '%s\n' $parts manifest revision)"
		fold
		[ "$(print_manifest "$run/folded" | sha256sum)" = "$digest  -" ] || echo reservations
	} | tr -d '\042\134' | sort -u
}

list_leases() {
	[ -e "$leases" ] || return 0
	awk 'NF > 4 { printf "{\"address\":\"%s\",\"client\":\"%s\",\"expiresAt\":%s}\n", $3, $3 ~ /:/ ? $5 : $2, $1 }' "$leases"
}

# What a change may start from: the manifest, an empty line, the reservations.
manifest() {
	lock manifest
	[ "$number" != 0 ] || return 0
	fold
	print_manifest "$run/folded"
	echo
	cat "$run/folded"
}

link_locals() {
	grep -oE 'fe80:[0-9a-f:]+' | sort -u
}

# The routers that nftables.conf has noted in a set.
heard() {
	nft list set inet slash64 "$1" 2>/dev/null | link_locals
}

list_advertisers() {
	# What this router sends to all nodes comes in here too.
	own=$(ip -o -6 address show dev guest | link_locals)
	unmanaged=$(heard unmanaged_routers)
	autonomous=$(heard autonomous_routers)
	heard routers | while read -r address; do
		! is_line "$address" "$own" || continue
		printf '{"address":"%s","managed":%s,"autonomous":%s}\n' "$address" \
			"$(is_line "$address" "$unmanaged" && echo false || echo true)" \
			"$(is_line "$address" "$autonomous" && echo true || echo false)"
	done
}

is_line() {
	printf '%s\n' "$2" | grep -qxF "$1"
}
