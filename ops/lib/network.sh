# shellcheck shell=bash
# A network of this checkout's own: a bridge, and for each member a network namespace with an address there. A namespace
# lives as long as a process that sleeps in it, so that the end of these processes is the end of all: of the links and
# the bridge, too. The bridge is in a namespace itself, and so nothing leaves it and nothing of the machine is in the way.

NETWORK=$STATE/network

# The process that keeps the namespace of $1, a member or "bridge".
namespace_pid() {
    recorded_pid "$NETWORK/$1"
}

# Sets INSIDE, what to put before a command so that it runs in the namespace of $1; the process stays the same.
set_inside() {
    local pid
    pid=$(namespace_pid "$1") || die "there is no $1; ops/cluster up makes it"
    INSIDE=(nsenter --net="/proc/$pid/ns/net" --ipc="/proc/$pid/ns/ipc" --)
}

# inside NAME COMMAND…
inside() {
    set_inside "$1"
    "${INSIDE[@]}" "${@:2}"
}

# Whether this script runs where the bridge is, and so reaches all members.
inside_network() {
    local pid
    pid=$(namespace_pid bridge) && [[ $(readlink /proc/self/ns/net) == "$(readlink "/proc/$pid/ns/net")" ]]
}

# add_namespace NAME
add_namespace() {
    local pid
    start_process "$NETWORK/$1" "$NETWORK/log" unshare --net --ipc sleep infinity
    pid=$(namespace_pid "$1") || die_with_log "$NETWORK/log" "there is no network namespace to be had"
    until [[ $(readlink "/proc/$pid/ns/ipc") != "$(readlink /proc/self/ns/ipc)" ]]; do sleep 0.02; done
    inside "$1" ip link set lo up
}

# network_up NAME=ADDRESS…: the first is the bridge, the others are members; addresses are of one /24.
network_up() {
    local member name address
    mkdir -p "$NETWORK"
    for member; do
        name=${member%%=*} address=${member#*=}
        add_namespace "$name"
        if [[ $name == bridge ]]; then
            inside bridge ip link add bridge type bridge
            inside bridge ip address add "$address/24" dev bridge
            inside bridge ip link set bridge up
        else
            inside bridge ip link add "$name" type veth peer name eth0 netns "$(namespace_pid "$name")"
            inside bridge ip link set "$name" master bridge up
            inside "$name" ip address add "$address/24" dev eth0
            inside "$name" ip link set eth0 up
        fi
    done
}

# Nothing that NAME sends arrives, and nothing that is sent to it; and no connection ends by that.
cut_off() {
    inside bridge ip link set "$1" down
}

join_again() {
    inside bridge ip link set "$1" up
}

is_cut_off() {
    ! grep -q . < <(inside bridge ip link show dev "$1" up)
}

network_down() {
    local record pid pids=()
    for record in "$NETWORK"/*; do
        if pid=$(recorded_pid "$record"); then pids+=("$pid"); fi
    done
    ((${#pids[@]} == 0)) || end_processes TERM 10 "${pids[@]}"
    rm -rf "$NETWORK"
}
