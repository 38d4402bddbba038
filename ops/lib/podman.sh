# shellcheck shell=bash
# The private Podman, which only tests use: its service speaks Docker's API. Like the Docker engine it has no network.

PODMAN=$STATE/services/podman
PODMAN_LOG=$PODMAN/server.log

# Where it keeps its socket and what is gone with the machine; Podman wants no longer a --runroot than 50 bytes.
PODMAN_RUN=$PODMAN/run
((${#PODMAN_RUN} <= 42)) || PODMAN_RUN=/run/sandmill-podman-$CHECKOUT_ID

podman_url() {
    printf 'unix://%s/podman.sock' "$PODMAN_RUN"
}

podman_pid() {
    recorded_pid "$PODMAN/pid"
}

podman_answers() {
    engine_answers "$1"
}

podman_start() {
    command -v podman >/dev/null || install_packages "${PACKAGES_PODMAN[@]}"
    command -v podman >/dev/null || die "there is no podman"
    can_be_root || die "Podman's service needs root to start; or set SANDMILL_PODMAN_URL to one that runs"
    mkdir -p "$PODMAN"
    "${AS_ROOT[@]}" mkdir -p "$PODMAN_RUN"
    podman_configure
    # What watches over a container leaves a file where it was started when the memory limit was reached.
    start_process "$PODMAN/pid" "$PODMAN_LOG" "${IN_CONTROL_GROUPS[@]}" env -C "$PODMAN" \
        CONTAINERS_CONF="$PODMAN/containers.conf" podman \
        --root "$PODMAN/data" --runroot "$PODMAN_RUN/storage" --storage-driver overlay \
        system service --time 0 "$(podman_url)"
    wait_for_process 60 "$PODMAN/pid" "$PODMAN_LOG" "${AS_ROOT[@]}" test -S "$PODMAN_RUN/podman.sock"
    "${AS_ROOT[@]}" chown "$EUID" "$PODMAN_RUN/podman.sock"
    wait_for_process 60 "$PODMAN/pid" "$PODMAN_LOG" podman_answers "$(podman_url)"
}

# Writes the configuration, which replaces the system's own. Locks are files, since those in shared memory are one set
# for the whole machine; a container's hosts file is its image's, not the machine's; and nothing asks for a systemd.
podman_configure() {
    cat >"$PODMAN/containers.conf" <<END
[containers]
no_hosts = true

[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
tmp_dir = "$PODMAN_RUN/libpod"
END
}

# The service leaves its containers when it ends, so they are removed before.
podman_stop() {
    local pid containers orphans
    if pid=$(podman_pid); then
        mapfile -t containers < <(timeout 30 docker --host "$(podman_url)" ps --all --quiet)
        ((${#containers[@]} == 0)) \
            || timeout 60 docker --host "$(podman_url)" rm --force "${containers[@]}" >/dev/null || true
        end_processes TERM 60 "$pid"
    fi
    mapfile -t orphans < <(podman_orphans)
    end_processes KILL 5 "${orphans[@]}"
    unmount_below "$PODMAN" "$PODMAN_RUN"
    rm -f "$PODMAN/pid"
    [[ ! -d $PODMAN_RUN ]] || "${AS_ROOT[@]}" rm -rf "$PODMAN_RUN"
}

# The pids of what watches over a container each, known by this Podman's folder among its arguments.
podman_orphans() {
    local process
    for process in /proc/[0-9]*; do
        if [[ $(cat "$process/comm" 2>/dev/null) == conmon ]] && grep -qsF "$PODMAN_RUN/" "$process/cmdline"; then
            printf '%s\n' "${process##*/}"
        fi
    done
}
