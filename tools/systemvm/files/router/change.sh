# change: some reservations.

change() {
	wanted_revision=${1-} base=${2-} wanted=${3-}
	if [ $# -ge 3 ] && is_number "$wanted_revision" && is_digest "$base" && is_digest "$wanted"; then
		shift 3
		case " $* " in
		*' -'* | *' ='*) ;;
		*) add_at_once "$@" && answer_applied && return ;;
		esac
		(change_locked "$@") </dev/null
	else
		(fail INVALID "change has a revision, two digests and changes" "$*")
	fi
}

# Without the lock, where all is as it should be; else it leaves everything to change_locked.
add_at_once() {
	[ -e "$run/ready" ] && are_changes "$@" && read_taken || return
	[ "$revision $digest" != "$wanted_revision $wanted" ] || ! is_served || return 0
	claim $$ || return
	claimed=$generation
	if read_taken && [ "$generation" = "$claimed" ] && [ "$wanted_revision" -ge "$revision" ] && [ "$base" = "$digest" ] && [ $((generation - number)) -lt "$longest" ] && is_served; then
		append "$@" && add_hosts "$@" && took && write_taken && return
		rm -f "$run/taken"
	fi
	echo free >|"$run/claims/$claimed"
	return 1
}

# A line that is written at once, and is on the disk when this returns.
append() {
	{ record "$@" >>"$journal"; } 2>/dev/null || return
	[ -e "$run/synchronous" ] || sync -d "$journal"
}

# It begins with a line feed: one that was cut off in the middle must not swallow the next.
record() {
	printf '\n%s .\n' "$((generation + 1)) $wanted_revision $wanted $*"
}

# With the attribute S what is written to the journal is on the disk when the write returns (chattr(1)): no sync is run.
open_journal() {
	must touch "$journal"
	rm -f "$run/synchronous"
	if chattr +S "$journal" 2>/dev/null; then : >"$run/synchronous"; fi
}

# dnsmasq reads a file of its directory when it is closed.
add_hosts() {
	for added; do
		added=${added#?}
		{ echo "$added" >"$run/hosts.d/${added%%,*}"; } 2>/dev/null || return
	done
}

took() {
	generation=$((generation + 1)) revision=$wanted_revision digest=$wanted
}

change_locked() {
	lock change
	refuse_or_answer
	[ "$base" = "$digest" ] || fail BASE "the generation in use has another digest" "$digest"
	are_changes "$@" || fail REFUSED "dnsmasq would not accept a reservation" "$*"
	find_touched
	[ -z "$touched" ] || fail BASE "a file was changed on the router: send the full set" "$touched"
	[ $((generation - number)) -lt "$longest" ] || fold_into_files
	remember_hosts
	rm -f "$run/taken"
	words=$(record "$@" | dd of="$journal" oflag=append conv=notrunc,fsync 2>&1) || fail FAILED "the journal cannot be written" "$words"
	took
	fold
	problems=''
	fill_hosts "$run/folded"
	changed=''
	serve_hosts
	end_gone_leases
	[ -z "$problems" ] || fail FAILED "dnsmasq did not start again" "$problems"
	settle
	answer_applied
}

# The generation in use as a directory of its own, which ends the journal before it.
fold_into_files() {
	clear_leftovers
	must mkdir -p "$work/new"
	link_kept $parts
	fold
	must mv "$run/folded" "$work/folded"
	must mv -f "$work/folded" "$work/new/reservations"
	print_manifest "$work/new/reservations" >"$work/new/manifest"
	[ "$(digest_of "$work/new/manifest")" = "$digest" ] || fail BASE "the reservations are not those of the last change: send the full set"
	seal "$revision"
	must mv "$work/new" "$state/generations/$generation"
	rm -f "$run/taken"
	must swap_to "$generation"
	: >"$journal"
	number=$generation
}
