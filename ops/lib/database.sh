# shellcheck shell=bash
# The private Postgres. It listens on loopback only and trusts whoever connects: it is for development.

DATABASE=$STATE/services/database
DATABASE_LOG=$DATABASE/server.log

database_url() {
    local port
    port=$(port postgresql) && printf 'postgresql://sandmill@127.0.0.1:%s/sandmill' "$port"
}

database_pid() {
    recorded_pid "$DATABASE/pid"
}

# Whether the database at URL $1 accepts connections.
database_answers() {
    PATH=$(postgres_bin):$PATH pg_isready -q -d "$1"
}

# The folder with the programs of the newest Postgres that is installed.
postgres_bin() {
    local newest
    newest=$(find /usr/lib/postgresql -mindepth 3 -maxdepth 3 -path '*/bin/postgres' 2>/dev/null | sort -V | tail -n 1)
    [[ -n $newest ]] && printf '%s' "${newest%/*}"
}

database_start() {
    local bin
    postgres_bin >/dev/null || install_packages "${PACKAGES_DATABASE[@]}"
    bin=$(postgres_bin) || die "there is no postgres below /usr/lib/postgresql"
    mkdir -p "$DATABASE"
    database_choose_user
    [[ -d $DATABASE/data ]] || database_create "$bin"
    reserve_port postgresql
    start_process "$DATABASE/pid" "$DATABASE_LOG" "${AS_POSTGRES[@]}" "$bin/postgres" -D "$DATABASE/data" \
        -p "$(port postgresql)" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
        -c fsync=on -c synchronous_commit=on -c max_connections=400
    wait_for_process 60 "$DATABASE/pid" "$DATABASE_LOG" database_answers "$(database_url)"
}

# Sets AS_POSTGRES, what to put before a command so that Postgres accepts its user: it refuses root. The user postgres
# may be unable to reach a checkout below, say, /root (0700), and then gets the one capability that opens the way.
database_choose_user() {
    AS_POSTGRES=(env -C /)
    [[ $EUID -eq 0 ]] || return 0
    AS_POSTGRES+=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    "${AS_POSTGRES[@]}" test -x "$DATABASE" || AS_POSTGRES+=(--inh-caps=+dac_override --ambient-caps=+dac_override)
}

# Makes the cluster beside its place and moves it there when it is whole, so that an attempt which was interrupted
# leaves nothing that looks like one. $1: the folder with Postgres' programs.
database_create() {
    local new=$DATABASE/data.new
    rm -rf "$new"
    mkdir "$new"
    [[ $EUID -ne 0 ]] || chown postgres:postgres "$new"
    {
        "${AS_POSTGRES[@]}" "$1/initdb" -D "$new" -U sandmill --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
            && "${AS_POSTGRES[@]}" "$1/postgres" --single -D "$new" postgres <<<'create database sandmill'
    } >>"$DATABASE_LOG" 2>&1 || die_with_log "$DATABASE_LOG" "the database could not be created"
    mv "$new" "$DATABASE/data"
}

# SIGINT is Postgres' fast shutdown: it ends the sessions and writes a checkpoint.
database_stop() {
    local pid
    if pid=$(database_pid); then
        end_processes INT 60 "$pid"
    fi
    rm -f "$DATABASE/pid"
}
