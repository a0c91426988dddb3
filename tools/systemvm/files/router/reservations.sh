# The form of a reservation, and what is served.

hex='[0-9a-f][0-9a-f]'
mac_pattern="$hex:$hex:$hex:$hex:$hex:$hex"
g='[0-9a-f]*'
n='[0-9]+'
c='[A-Za-z0-9-]'
c8=$c$c$c$c$c$c$c$c
# What dnsmasq takes as the value of a dhcp-host, so that it need not be asked about each: its shape, and what is wrong
# in spite of it. Together and without counts, because a thorough pattern takes five times as long.
host_shape="$mac_pattern(,set:nondefault)?(,\[($g:$g:$g:$g:$g:$g:$g:$g|[0-9a-f:]*::[0-9a-f:]*)])?(,$n\.$n\.$n\.$n)?(,[A-Za-z0-9]$c*)?"
above_255='(25[6-9]|2[6-9][0-9]|[3-9][0-9][0-9]|[0-9][0-9][0-9][0-9]+)'
host_flaw=":::|::.*::|[:[]$hex$hex[0-9a-f]|\[:[^:]|[^:]:]|\[$g:$g:$g:$g:$g:$g:$g:$g:|[,.]$above_255\.|\.$above_255(,|\$)|-\$|$c8$c8$c8$c8$c8$c8$c8$c8"

# Whether every line of standard input is one of these; the first that is none is printed.
are_all() {
	awk "!/^($1)\$/ || /$host_flaw/ { print; exit 1 }"
}

are_changes() {
	[ $# != 0 ] || return 0
	lines=''
	for change; do
		lines="$lines$change
"
	done
	are_all "[+=]$host_shape|-$mac_pattern" >/dev/null <<END
${lines%?}
END
}

# The pairs "MAC address" of dhcp-host values.
pairs_in() {
	awk -F, '{
		for (i = 2; i <= NF; i++)
			if ($i ~ /^\[/) print $1, substr($i, 2, length($i) - 2)
			else if ($i ~ /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/) print $1, $i
	}' | sort
}

served_hosts() {
	cat "$run/hosts" 2>/dev/null
	find "$run/hosts.d" -type f -exec cat {} + 2>/dev/null
}
