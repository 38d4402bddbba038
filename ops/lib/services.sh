# shellcheck shell=bash
# Services for the time a script runs: those that were started for such scripts alone are ended with the last of them.

# borrow_services NAME…: starts those that do not run, and puts the addresses of all into the environment.
borrow_services() {
    local environment
    "$CHECKOUT/ops/services" borrow $$ "$@"
    environment=$("$CHECKOUT/ops/services" env "$@")
    eval "$environment"
}

return_services() {
    "$CHECKOUT/ops/services" return $$
}

# foreign_servers NAME…: the variables of the environment that name a server which is not this checkout's own.
foreign_servers() {
    local service variable own found=()
    for service; do
        variable=SANDMILL_${service^^}_URL
        [[ -n ${!variable:-} ]] || continue
        own=$(env -u "$variable" "$CHECKOUT/ops/services" env "$service" 2>/dev/null) || true
        grep -qxF "export $variable=$(printf %q "${!variable}")" <<<"$own" || found+=("$variable")
    done
    printf '%s' "${found[*]}"
}
