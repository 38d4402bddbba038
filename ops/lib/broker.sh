# shellcheck shell=bash
# The private RabbitMQ. All it keeps is below $BROKER: configuration, data, log, and a home with its Erlang cookie.

BROKER=$STATE/services/broker
BROKER_LOG=$BROKER/server.log

# Not the rabbitmq-server in $PATH: that one is a wrapper which insists on the system's user and folders.
BROKER_SERVER=/usr/lib/rabbitmq/bin/rabbitmq-server

broker_url() {
    local port
    port=$(port amqp) && printf 'amqp://guest:guest@127.0.0.1:%s/' "$port"
}

broker_pid() {
    recorded_pid "$BROKER/pid"
}

# Whether the broker at URL $1 is ready: it then answers the protocol header with a method frame, type 1 (AMQP 0-9-1,
# 2.2.4 and 2.3.5). Of one behind TLS only the port is tried.
broker_answers() {
    local host port type
    [[ $1 =~ ^amqps?://([^/@]*@)?([^/:]+)(:([0-9]+))? ]] || return 1
    host=${BASH_REMATCH[2]} port=${BASH_REMATCH[4]:-5672}
    if [[ $1 == amqps://* ]]; then
        port_is_open "${BASH_REMATCH[4]:-5671}" "$host"
        return
    fi
    # shellcheck disable=SC2016 # expanded by the inner shell
    type=$(timeout 5 bash -c 'exec 3<>"/dev/tcp/$0/$1"; printf "AMQP\0\0\11\1" >&3; head -c 1 <&3 | od -An -tu1' \
        "$host" "$port" 2>/dev/null) || return 1
    [[ ${type// /} == 1 ]]
}

broker_start() {
    local name
    [[ -x $BROKER_SERVER ]] || install_packages "${PACKAGES_BROKER[@]}"
    [[ -x $BROKER_SERVER ]] || die "there is no $BROKER_SERVER"
    for name in amqp amqp-distribution epmd; do
        reserve_port "$name"
    done
    broker_configure

    # Erlang would start its port mapper by itself, and nobody would ever end it. This one is ours to end.
    start_process "$BROKER/epmd.pid" "$BROKER_LOG" env ERL_EPMD_ADDRESS=127.0.0.1 epmd -port "$(port epmd)"
    wait_for_process 10 "$BROKER/epmd.pid" "$BROKER_LOG" port_is_open "$(port epmd)"

    # With ALLOW_INPUT the script becomes the server, where it would else be its parent; -noinput takes the input away
    # again.
    start_process "$BROKER/pid" "$BROKER_LOG" env -C "$BROKER" "${BROKER_ENVIRONMENT[@]}" RABBITMQ_ALLOW_INPUT=1 \
        "$BROKER_SERVER" -noinput
    wait_for_process 120 "$BROKER/pid" "$BROKER_LOG" broker_answers "$(broker_url)"
}

# Writes the configuration.
broker_configure() {
    mkdir -p "$BROKER/home" "$BROKER/conf.d"
    printf '[].\n' >"$BROKER/enabled_plugins"
    cat >"$BROKER/rabbitmq.conf" <<END
listeners.tcp.1 = 127.0.0.1:$(port amqp)
disk_free_limit.absolute = 64MB
log.file = false
log.console = true
END
    broker_environment "sandmill-$CHECKOUT_ID" 127.0.0.1 "$(port epmd)" "$(port amqp-distribution)"
}

# broker_environment NAME HOST EPMD_PORT DISTRIBUTION_PORT: sets BROKER_ENVIRONMENT for the node NAME at the address HOST,
# so that nothing of the system's own is read or written.
broker_environment() {
    BROKER_ENVIRONMENT=(
        HOME="$BROKER/home"
        ERL_EPMD_PORT="$3"
        ERL_EPMD_ADDRESS="$2"
        # A numeric host needs no name resolution, but counts as a long name.
        RABBITMQ_NODENAME="$1@$2"
        RABBITMQ_USE_LONGNAME=true
        RABBITMQ_DIST_PORT="$4"
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {${2//./,}}"
        RABBITMQ_CONF_ENV_FILE=/dev/null
        RABBITMQ_CONFIG_FILE="$BROKER/rabbitmq.conf"
        RABBITMQ_CONFIG_FILES="$BROKER/conf.d"
        RABBITMQ_ADVANCED_CONFIG_FILE="$BROKER/advanced.config"
        RABBITMQ_ENABLED_PLUGINS_FILE="$BROKER/enabled_plugins"
        RABBITMQ_MNESIA_BASE="$BROKER/data"
        RABBITMQ_LOG_BASE="$BROKER/log"
        RABBITMQ_PID_FILE="$BROKER/rabbitmq.pid"
    )
}

broker_stop() {
    local record pid
    for record in "$BROKER/pid" "$BROKER/epmd.pid"; do
        if pid=$(recorded_pid "$record"); then
            end_processes TERM 60 "$pid"
        fi
        rm -f "$record"
    done
}
