# What every answer is made of.

# A JSON string of at most 4000 characters; what is not printable ASCII is left out.
json() {
	printf '%s\n' "$1" | tail -c 4000 | tr -cd '\11\12\40-\176' | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/	/\\t/g' |
		awk 'BEGIN { printf "\"" } NR > 1 { printf "\\n" } { printf "%s", $0 } END { printf "\"" }'
}

fail() {
	printf '{"error":"%s","message":%s,"detail":%s}\n' "$1" "$(json "$2")" "$(json "${3-}")"
	exit 1
}

# Runs a command whose failure is the router's own: no space left, a broken disk.
must() {
	words=$("$@" 2>&1) || fail FAILED "$1 failed" "$words"
}

is_number() {
	case $1 in
	'' | *[!0-9]* | ????????????????*) return 1 ;;
	esac
}

is_digest() {
	[ ${#1} = 64 ] || return 1
	case $1 in
	*[!0-9a-f]*) return 1 ;;
	esac
}
