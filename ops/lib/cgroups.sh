# shellcheck shell=bash disable=SC2034 # used by the scripts that source this
# Control groups as every container runtime can use them.

# What to put before a container engine. Where version 1 is in use there may be a version 2 beside it, and crun refuses
# to work unless that has no controllers ("cgroups in hybrid mode not supported"). No container needs it, so the engine
# gets a mount namespace of its own, without it.
IN_CONTROL_GROUPS=("${AS_ROOT[@]}")
if [[ -n $(cat /sys/fs/cgroup/unified/cgroup.controllers 2>/dev/null) ]]; then
    # shellcheck disable=SC2016 # expanded by the inner shell, which becomes the engine and so keeps its pid
    IN_CONTROL_GROUPS+=(unshare --mount sh -c 'umount /sys/fs/cgroup/unified && exec "$0" "$@"')
fi
