# shellcheck shell=bash
# TCP ports of this checkout's own: chosen once, then kept in .sandmill/services/ports.

PORTS=$STATE/services/ports

# Whether something listens on port $1 of host $2, by default this one.
port_is_open() {
    (exec 3<>"/dev/tcp/${2:-127.0.0.1}/$1") 2>/dev/null
}

# The port recorded for name $1; fails when there is none yet.
port() {
    cat "$PORTS/$1" 2>/dev/null
}

# Makes sure that name $1 has a port which nothing listens on. Ports are taken from below Linux's ephemeral range, and
# each checkout looks from a place of its own, so that two that start at once seldom meet.
reserve_port() {
    local candidate
    if candidate=$(port "$1") && ! port_is_open "$candidate"; then
        return
    fi
    mkdir -p "$PORTS"
    candidate=$((20000 + 16#$CHECKOUT_ID % 12000))
    while port_is_open "$candidate" || grep -qsx "$candidate" "$PORTS"/*; do
        candidate=$((candidate < 32000 ? candidate + 1 : 20000))
    done
    printf '%s\n' "$candidate" >"$PORTS/$1"
}
