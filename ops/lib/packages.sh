# shellcheck shell=bash disable=SC2034 # used by the scripts that source this
# The Debian and Ubuntu packages that the scripts need, by purpose.

PACKAGES_BUILD=(librabbitmq-dev libpq-dev libcurl4-openssl-dev libssl-dev zlib1g-dev pkg-config)
PACKAGES_BROKER=(rabbitmq-server)
PACKAGES_DATABASE=(postgresql)
PACKAGES_ENGINE=(docker.io)
PACKAGES_PODMAN=(podman crun netavark)
# Ubuntu does not know Debian's keys by itself; and who is not root makes a root file system with uidmap.
PACKAGES_IMAGE=(mmdebstrap debian-archive-keyring uidmap)
PACKAGES_SAMPLES=(python3 postgresql-client)
PACKAGES_TESTS=(crun python3 python3-venv python3-pika python3-psycopg postgresql-client curl
    strace prometheus)
PACKAGES_SOAK=(faketime)
PACKAGES_BENCH=(apache2-utils)
PACKAGES_CLUSTER=(iproute2 curl python3-pika python3-psycopg postgresql-client)
PACKAGES_MODEL=(spin gcc libc6-dev)
PACKAGES_BROWSER=(chromium chromium-driver python3-selenium)

# Installs those of the packages $@ that are missing, and says so.
install_packages() {
    local missing=() name log=$STATE/apt.log
    for name; do
        package_is_installed "$name" || missing+=("$name")
    done
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null || die "please install ${missing[*]} (only Debian's apt-get is known here)"
    can_be_root || die "please install, as root: apt-get install ${missing[*]}"
    say "installing ${missing[*]}"
    mkdir -p "$STATE"
    {
        apt_get update && without_starting_servers apt_get install -y --no-install-recommends "${missing[@]}"
    } >>"$log" 2>&1 || die_with_log "$log" "apt-get could not install ${missing[*]}"
}

package_is_installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# without_starting_servers COMMAND…: where systemd runs, a package starts its server when it is installed, and ours are
# private ones. For the time of COMMAND a policy says that it does not (invoke-rc.d(8)), unless the machine has a policy.
without_starting_servers() (
    policy=/usr/sbin/policy-rc.d
    if [[ -d /run/systemd/system && ! -e $policy ]]; then
        trap '"${AS_ROOT[@]}" rm -f "$policy"' EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM
        "${AS_ROOT[@]}" install -m 0755 /dev/stdin "$policy" <<<$'#!/bin/sh\nexit 101'
    fi
    "$@"
)

# Waits for an apt-get that somebody else runs, and closes descriptor 9 (see start_process) to what it may start. sudo
# takes the variables of a proxy away.
apt_get() {
    local proxy=() name
    for name in http_proxy https_proxy no_proxy; do
        [[ -z ${!name:-} ]] || proxy+=("$name=${!name}")
    done
    "${AS_ROOT[@]}" env DEBIAN_FRONTEND=noninteractive "${proxy[@]}" apt-get -q -o DPkg::Lock::Timeout=300 "$@" </dev/null 9>&-
}
