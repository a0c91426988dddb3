# The state in use, as it was left and as the disk has it.

digest_of() {
	sum=$(sha256sum <"$1") && echo "${sum%% *}"
}

seed_value() {
	sed -n "s/^$1=//p" "$etc/seed.conf"
}

# What is in use, as the last change left it; fails where one was cut off.
read_taken() {
	generation='' revision='' digest='' number=''
	[ -e "$run/taken" ] && read -r generation revision digest number <"$run/taken"
	[ -n "$number" ]
}

write_taken() {
	echo "$generation $revision $digest $number" >"$run/taken"
}

# The same from the disk: the generation that `current` names, and the changes of the journal that follow it.
read_state() {
	number=$(readlink "$state/current") && number=${number#generations/} || number=0
	generation=$number revision=0 digest=$none
	[ "$number" != 0 ] || return 0
	read -r revision <"$state/current/revision"
	digest=$(digest_of "$state/current/manifest")
	fold
	[ ! -s "$run/head" ] || read -r generation revision digest <"$run/head"
}

# The reservations in use, into "$run/folded", and the last change of the journal that counts, into "$run/head".
fold() {
	: >"$run/head"
	: >>"$journal"
	awk -v journal="$journal" -v generation="$number" -v head="$run/head" '
		FILENAME == journal {
			if ($NF != "." || $1 != generation + 1) next
			generation = $1
			last = $1 " " $2 " " $3
			for (i = 4; i < NF; i++) change[substr($i, 2, 17)] = substr($i, 1, 1) == "-" ? "" : substr($i, 2)
			next
		}
		!(substr($0, 1, 17) in change)
		END {
			for (mac in change) if (change[mac] != "") print change[mac]
			if (last != "") print last >head
		}' "$journal" "$state/current/reservations" | sort >"$run/folded"
}

# The manifest of the generation's files with these reservations.
print_manifest() {
	sed "s/^.*  reservations\$/$(digest_of "$1")  reservations/" "$state/current/manifest"
}

# A file that somebody changed on the router would go into every generation to come. What is younger than its manifest
# is suspect; status compares everything. Files of ours bear the time 0 and their manifest the time 1: a clock may jump.
find_touched() {
	touched=''
	for part in $parts; do
		[ ! "$state/current/$part" -nt "$state/current/manifest" ] || touched="$touched $part"
	done
}

is_served() {
	find_touched
	[ -z "$touched" ] && dnsmasq_pid
}
