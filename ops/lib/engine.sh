# shellcheck shell=bash
# The private Docker engine. It has no network, since no sandbox has one, and so leaves the machine's firewall alone.

ENGINE=$STATE/services/engine
ENGINE_LOG=$ENGINE/server.log

# Where the engine has its socket and, in the folder exec that it closes to all but root, those of its own. Their paths
# are limited to 107 bytes, and the engine appends up to 38 (/exec/containerd/containerd-debug.sock), so a checkout that
# lies deep gets a short folder elsewhere.
ENGINE_RUN=$ENGINE/run
((${#ENGINE_RUN} <= 65)) || ENGINE_RUN=/run/sandmill-$CHECKOUT_ID

engine_url() {
    printf 'unix://%s/docker.sock' "$ENGINE_RUN"
}

engine_pid() {
    recorded_pid "$ENGINE/pid"
}

# Whether the engine at URL $1 answers.
engine_answers() {
    timeout 10 docker --host "$1" version >/dev/null 2>&1
}

# Prints the address of an engine that somebody else runs here and that answers; fails when there is none.
engine_found() {
    local url
    for url in "${DOCKER_HOST:-}" unix:///var/run/docker.sock; do
        if [[ $url == @(unix|tcp)://* ]] && engine_answers "$url"; then
            printf '%s' "$url"
            return
        fi
    done
    return 1
}

engine_start() {
    command -v dockerd >/dev/null || install_packages "${PACKAGES_ENGINE[@]}"
    command -v dockerd >/dev/null || die "there is no dockerd"
    can_be_root || die "a Docker engine needs root to start; or set SANDMILL_ENGINE_URL or DOCKER_HOST to one that runs"
    mkdir -p "$ENGINE"
    engine_configure
    "${AS_ROOT[@]}" rm -f "$ENGINE/docker.pid"
    "${AS_ROOT[@]}" mkdir -p "$ENGINE_RUN"
    start_process "$ENGINE/pid" "$ENGINE_LOG" "${IN_CONTROL_GROUPS[@]}" dockerd --config-file "$ENGINE/daemon.json" \
        --host "$(engine_url)" --group "$(id -g)" --data-root "$ENGINE/data" --exec-root "$ENGINE_RUN/exec" \
        --pidfile "$ENGINE/docker.pid" --bridge none --iptables=false --ip-forward=false --ip-masq=false
    wait_for_process 60 "$ENGINE/pid" "$ENGINE_LOG" engine_answers "$(engine_url)"
}

# Writes a daemon.json, so that the system's own is not read, with the runtimes beside runc that are installed.
engine_configure() {
    local name path runtimes=
    for name in crun runsc; do
        if path=$(command -v "$name"); then
            runtimes+="${runtimes:+, }\"$name\": {\"path\": \"$path\"}"
        fi
    done
    printf '{"runtimes": {%s}}\n' "$runtimes" >"$ENGINE/daemon.json"
}

# An engine that ends by itself stops its containers, and its containerd with it. One that was killed leaves them.
engine_stop() {
    local pid orphans
    if pid=$(engine_pid); then
        end_processes TERM 60 "$pid"
    fi
    mapfile -t orphans < <(engine_orphans)
    end_processes KILL 5 "${orphans[@]}"
    unmount_below "$ENGINE" "$ENGINE_RUN"
    rm -f "$ENGINE/pid"
    [[ ! -d $ENGINE_RUN ]] || "${AS_ROOT[@]}" rm -rf "$ENGINE_RUN"
}

# The pids of containerd and its shims, known by the socket or configuration file of this engine among their arguments.
engine_orphans() {
    local process
    for process in /proc/[0-9]*; do
        if [[ $(cat "$process/comm" 2>/dev/null) == containerd* ]] \
            && grep -qsF "$ENGINE_RUN/exec/containerd/containerd." "$process/cmdline"; then
            printf '%s\n' "${process##*/}"
        fi
    done
}
