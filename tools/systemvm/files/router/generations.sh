# A generation on the disk: made, put in place of the last one, and taken back.

# Everything but the generation in use and the one before it.
clear_leftovers() {
	set -- "$work"
	for leftover in "$state"/generations/*; do
		[ "$leftover" = "$state/generations/$number" ] || set -- "$@" "$leftover"
	done
	rm -rf "$@"
}

commit() {
	next=$((generation + 1))
	seal "$wanted_revision"
	must mv "$work/new" "$state/generations/$next"
	remember_hosts
	rm -f "$run/taken"
	must swap_to "$next"
	[ -e "$journal" ] || open_journal
	use_current "$state/current/reservations" || roll_back
	end_gone_leases
	: >"$journal"
	generation=$next revision=$wanted_revision digest=$wanted number=$next
	settle
	answer_applied
}

# What is ready gets its times (find_touched), its revision, and onto the disk.
seal() {
	must write_revision "$1"
	must touch -d @0 "$work"/new/*
	must touch -d @1 "$work/new/manifest"
	must sync -f "$state"
}

write_revision() {
	echo "$1" >"$work/new/revision"
}

roll_back() {
	refusal=$problems
	changed=$parts
	if [ "$number" != 0 ]; then
		fold_into_use || refusal="$refusal
and the last good generation: $problems"
	else
		rm -f "$state/current"
		stop_dnsmasq
		nft -f "$etc/base.nft"
	fi
	rm -rf "$state/generations/$next"
	fail REFUSED "the new generation does not start; the last good one is back in use" "$refusal"
}

fold_into_use() {
	swap_to "$number"
	fold
	use_current "$run/folded" && settle
}
