# shellcheck shell=bash
# Background processes that outlive the script that starts them, and are ended by exactly what was recorded.
#
# A process is named by "<pid> <start time> <boot id>": a pid alone may by now be somebody else's.

# The identity of process $1; fails when there is no such process, or only its zombie.
identity() {
    local stat fields
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    # What follows the name, which is in parentheses and may hold anything, starts with field 3 of proc(5), the state;
    # field 22 is the start time in clock ticks since boot.
    read -ra fields <<<"${stat##*) }"
    [[ ${fields[0]} != [ZX] ]] && printf '%s %s %s\n' "$1" "${fields[19]}" "$(</proc/sys/kernel/random/boot_id)"
}

# Prints the pid recorded in file $1 if that very process still runs; fails otherwise.
recorded_pid() {
    local record
    record=$(cat "$1" 2>/dev/null) && is_running "$record" && printf '%s' "${record%% *}"
}

# Whether the process with identity $1 still runs.
is_running() {
    [[ -n $1 && $(identity "${1%% *}") == "$1" ]]
}

# start_process PIDFILE LOG COMMAND…: runs COMMAND in a session of its own, without a terminal, its output appended to
# LOG, and records it in PIDFILE. Descriptor 9 is the lock of ops/services, which no server may inherit.
start_process() {
    local pid_file=$1 log=$2 pid
    shift 2
    # shellcheck disable=SC2016 # expanded by the new process, which becomes COMMAND and so keeps its pid
    pid=$(setsid --fork bash -c 'echo $$; exec >>"$0" 2>&1 9>&-; exec "$@"' "$log" "$@" </dev/null)
    identity "$pid" >"$pid_file" || die_with_log "$log" "$1 ended at once"
}

# wait_for_process SECONDS PIDFILE LOG COMMAND…: until COMMAND succeeds. If the process recorded in PIDFILE ends or
# SECONDS pass before, shows the end of LOG and exits.
wait_for_process() {
    local deadline=$((SECONDS + $1)) limit=$1 pid_file=$2 log=$3
    shift 3
    until "$@"; do
        recorded_pid "$pid_file" >/dev/null || die_with_log "$log" "the process ended before it answered"
        ((SECONDS < deadline)) || die_with_log "$log" "no answer within $limit s"
        sleep 0.1
    done
}

# The identities of the processes $@ and of all their descendants, one a line.
process_tree() {
    local pid
    for pid; do
        identity "$pid" || continue
        # shellcheck disable=SC2046 # one word for each child
        process_tree $(cat "/proc/$pid/task/"*/children 2>/dev/null)
    done
}

# end_processes SIGNAL SECONDS PID…: asks the PIDs to end with SIGNAL and, after SECONDS, kills what is left of them
# and of the descendants they had.
end_processes() {
    local signal=$1 deadline=$((SECONDS + $2)) tree record remaining
    shift 2
    mapfile -t tree < <(process_tree "$@")
    while :; do
        remaining=()
        for record in "${tree[@]}"; do
            ! is_running "$record" || remaining+=("${record%% *}")
        done
        ((${#remaining[@]})) || return 0
        if [[ -n $signal ]]; then
            send_signal "$signal" "$@"
            signal=
        elif ((SECONDS >= deadline)); then
            ((SECONDS < deadline + 10)) || die "these processes cannot be ended: ${remaining[*]}"
            send_signal KILL "${remaining[@]}"
        fi
        sleep 0.1
    done
}

# A server may belong to another user (root, postgres); that it has just ended is no error.
send_signal() {
    if can_be_root; then "${AS_ROOT[@]}" kill -s "$@"; else kill -s "$@"; fi 2>/dev/null || true
}
