# apply: receives files and checks them.

apply() {
	wanted_revision=${1-} base=${2-} wanted=${3-}
	is_number "$wanted_revision" || fail INVALID "the revision is no number" "$wanted_revision"
	[ "$base" = $none ] || is_digest "$base" || fail INVALID "the base is neither none nor a digest" "$base"
	is_digest "$wanted" || fail INVALID "the digest is none" "$wanted"
	shift 3
	for part; do
		case " $parts manifest " in
		*" ${part%%:*} "*) is_number "${part#*:}" || fail INVALID "a file has no size" "$part" ;;
		*) fail INVALID "no generation has this file" "$part" ;;
		esac
	done
	# Before the lock as well: of many who push at once, those who are too old must not wait for it.
	if read_taken && [ "$wanted_revision" -lt "$revision" ]; then refuse_or_answer; fi
	lock apply
	refuse_or_answer
	[ "$base" = $none ] || [ "$base" = "$digest" ] || fail BASE "the generation in use has another digest" "$digest"
	clear_leftovers
	must mkdir -p "$work/new"
	receive "$@"
	stage "$@"
	check_new
	commit
}

answer_applied() {
	printf '{"revision":%s,"generation":%s,"digest":"%s"}\n' "$revision" "$generation" "$digest"
}

refuse_or_answer() {
	[ "$wanted_revision" -ge "$revision" ] || fail STALE "the router already has a newer revision" "$revision"
	[ "$wanted_revision" = "$revision" ] && [ "$wanted" = "$digest" ] && is_served || return 0
	answer_applied
	exit
}

# Standard input: the files one after the other, compressed.
receive() {
	# Not into a file: the disk may be what is full.
	words=$({
		gunzip -c | for part; do
			file=$work/new/${part%%:*} size=${part#*:}
			if [ "$size" = 0 ]; then : >"$file"; else dd bs="$size" count=1 iflag=fullblock of="$file" || exit; fi
		done
	} 2>&1) || fail FAILED "a file cannot be written" "$words"
}

stage() {
	[ -e "$work/new/manifest" ] || fail INVALID "the manifest is missing"
	[ "$(digest_of "$work/new/manifest")" = "$wanted" ] || fail INVALID "the manifest does not have the digest" "$wanted"
	[ "$(names_in "$work/new/manifest")" = "$parts" ] || fail INVALID "the manifest names other files"
	kept=''
	for part in $parts; do
		[ ! -e "$work/new/$part" ] || continue
		[ "$base" != $none ] || fail INVALID "a full set lacks a file" "$part"
		if [ "$part" = reservations ]; then
			fold
			must cp "$run/folded" "$work/new/$part"
		else
			kept="$kept $part"
		fi
	done
	[ -z "$kept" ] || link_kept $kept
	compared=$(cd "$work/new" && sha256sum -c manifest 2>/dev/null) || find_differing "$@"
	changed=$parts
	[ "$number" = 0 ] || find_changed "$@"
}

names_in() {
	names=''
	while IFS= read -r line; do names="$names ${line#*  }"; done <"$1"
	printf %s "${names# }"
}

link_kept() {
	for part; do
		shift
		set -- "$@" "$state/current/$part"
	done
	must ln "$@" "$work/new/"
}

find_differing() {
	for part in $(printf '%s\n' "$compared" | sed -n 's/: FAILED.*//p'); do
		case " $* " in
		*" $part:"*) fail INVALID "a file differs from the manifest" "$part" ;;
		*) fail BASE "a file was changed on the router: send the full set" "$part" ;;
		esac
	done
	fail INVALID "the manifest cannot be read"
}

# Of the files that were sent: the reservations, and those that the generation in use has not as they are.
find_changed() {
	before='' changed=''
	while IFS= read -r line; do before="$before$line
"; done <"$state/current/manifest"
	while read -r hash part; do
		case " $* " in
		*" $part:"*) ;;
		*) continue ;;
		esac
		[ "$part" = reservations ] || case $before in *"$hash  $part"*) continue ;; esac
		changed="$changed $part"
	done <"$work/new/manifest"
}

differs() {
	case " $changed " in
	*" $1 "*) ;;
	*) return 1 ;;
	esac
}

check_new() {
	if differs nftables.conf; then
		words=$(nft -c -f "$work/new/nftables.conf" 2>&1) || fail REFUSED "nft does not accept nftables.conf" "$words"
	fi
	if differs dnsmasq.conf; then
		words=$(dnsmasq --test --conf-file="$work/new/dnsmasq.conf" 2>&1) || fail REFUSED "dnsmasq does not accept dnsmasq.conf" "$words"
	fi
	differs reservations || return 0
	words=$(dnsmasq --check-hosts="$work/new/reservations" 2>&1) || fail REFUSED "dnsmasq would not accept a reservation" "$words"
}
