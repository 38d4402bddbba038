# shellcheck shell=bash
# Services for the time a script runs: those that it had to start are ended with it, the others are left alone.

BORROWED_SERVICES=()

# borrow_services NAME…: starts those that do not run, and puts the addresses of all into the environment.
borrow_services() {
    local service environment
    for service; do
        "$CHECKOUT/ops/services" status "$service" >/dev/null || BORROWED_SERVICES+=("$service")
    done
    "$CHECKOUT/ops/services" up "$@"
    environment=$("$CHECKOUT/ops/services" env "$@")
    eval "$environment"
}

return_services() {
    ((${#BORROWED_SERVICES[@]} == 0)) || "$CHECKOUT/ops/services" down "${BORROWED_SERVICES[@]}"
}
