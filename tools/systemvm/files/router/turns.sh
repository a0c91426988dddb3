# Who may change a generation: one at a time.

# Only one may change a generation: whoever is first to make its file.
claim() {
	set -C
	{ echo "$1" >"$run/claims/$generation"; } 2>/dev/null
	claimed=$?
	set +C
	return $claimed
}

# For whatever is more than an added reservation. None before the boot has taken the last generation into use.
lock() {
	tries=0
	until [ "$1" = boot ] || [ -e "$run/ready" ]; do
		[ $tries -lt 300 ] || fail BUSY "the router is still starting after 30 s"
		tries=$((tries + 1))
		sleep 0.1
	done
	[ -d "$run/claims" ] || mkdir "$run/claims"
	exec 9>"$run/lock"
	flock -w 30 9 || fail BUSY "another command has held the router's lock for 30 s"
	trap unlock EXIT
	await_change
	if [ "$1" != boot ] && ! read_taken; then
		take >&2
		await_change
	fi
	read_taken || read_state
}

# A change that is under way without the lock is waited for, and one whose process is gone is taken up.
await_change() {
	tries=0
	while [ -e "$run/taken" ]; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || fail BUSY "a change has been under way for 30 s"
		if ! read_taken; then
			[ $tries -lt 20 ] || rm -f "$run/taken"
		elif claim locked; then
			mine=$generation
			return
		else
			owner=''
			{ read -r owner <"$run/claims/$generation"; } 2>/dev/null
			case $owner in
			'') ;;
			free) rm -f "$run/claims/$generation" && continue ;;
			locked) rm -f "$run/taken" ;;
			*) kill -0 "$owner" 2>/dev/null || rm -f "$run/taken" ;;
			esac
		fi
		sleep 0.1
	done
	rm -f "$run"/claims/*
}

unlock() {
	[ -z "$mine" ] || rm -f "$run/claims/$mine"
	rm -rf "$work"
}

# From now on the state in use is the one of these variables. The claims go first: once it is written, others may claim.
settle() {
	rm -f "$run"/claims/* "$run"/was*
	mine=''
	write_taken
}
