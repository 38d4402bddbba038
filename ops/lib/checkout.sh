# shellcheck shell=bash disable=SC2034 # used by the scripts that source this
# Where this checkout keeps things, and how its scripts speak.

CHECKOUT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
STATE=${SANDMILL_STATE:-$CHECKOUT/.sandmill}

# Eight hex digits that differ between checkouts: whatever must be unique on a machine carries them.
CHECKOUT_ID=$(printf "%s" "${SANDMILL_STATE:-$CHECKOUT}" | sha256sum | cut -c1-8)

# What to put before a command that needs root.
AS_ROOT=()
[[ $EUID -eq 0 ]] || AS_ROOT=(sudo -n)

can_be_root() {
    "${AS_ROOT[@]}" true 2>/dev/null
}

say() {
    printf '%s\n' "$*"
}

# Exit code 69 is EX_UNAVAILABLE: something this script needs is not there.
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 69
}

# die_with_log LOG MESSAGE: shows the end of LOG first.
die_with_log() {
    printf -- '--- the end of %s:\n' "$1" >&2
    tail -n 30 "$1" >&2 || true
    die "$2"
}
