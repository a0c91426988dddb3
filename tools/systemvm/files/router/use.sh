# Takes a generation into use.

swap_to() {
	ln -sfn "generations/$1" "$state/current.new" && mv -fT "$state/current.new" "$state/current" && sync -f "$state"
}

# Takes what "$changed" names of `current` into use, with the reservations in the file $1. Every step is tried; the
# words of those that failed are left in $problems.
use_current() {
	problems=''
	[ ! -e "$run/taken" ] || rm -f "$run/taken"
	new=$state/current
	step network.batch ip -batch "$new/network.batch"
	step sysctl.conf sysctl -p "$new/sysctl.conf"
	step nftables.conf load_rules
	reread=''
	if differs reservations; then fill_hosts "$1"; fi
	# Nothing is known of what ran before.
	[ "$changed" != "$parts" ] || keep_reserved_leases
	serve_hosts
	[ -z "$problems" ]
}

step() {
	file=$1
	shift
	differs "$file" || return 0
	words=$("$@" 2>&1) || problems="$problems$file: $words
"
}

load_rules() {
	{
		echo flush ruleset
		cat "$new/nftables.conf"
	} | nft -f -
}

# dnsmasq reads the one file when it is told to, and each of the directory when it is added there.
fill_hosts() {
	words=$({ cp "$1" "$run/hosts.new" && mv -f "$run/hosts.new" "$run/hosts"; } 2>&1) || problems="${problems}reservations: $words
"
	# The directory itself stays, because a running dnsmasq watches it.
	if [ -d "$run/hosts.d" ]; then rm -f "$run"/hosts.d/*; else mkdir "$run/hosts.d"; fi
	reread=yes
}
