# shellcheck shell=bash disable=SC2034 # used by the scripts that source this
# What container engines need of the machine, and leave on it.

# What to put before an engine. Where control groups of version 1 are in use there may be those of version 2 beside them,
# and crun refuses to work unless these have no controllers ("cgroups in hybrid mode not supported"). No container needs
# them, so the engine gets a mount namespace of its own, without them.
IN_CONTROL_GROUPS=("${AS_ROOT[@]}")
if [[ -n $(cat /sys/fs/cgroup/unified/cgroup.controllers 2>/dev/null) ]]; then
    # shellcheck disable=SC2016 # expanded by the inner shell, which becomes the engine and so keeps its pid
    IN_CONTROL_GROUPS+=(unshare --mount sh -c 'umount /sys/fs/cgroup/unified && exec "$0" "$@"')
fi

# unmount_below FOLDER…: what a killed engine had mounted there, the innermost first.
unmount_below() {
    local target folder
    while read -r _ target _; do
        for folder; do
            if [[ $target == "$folder"/* ]]; then
                "${AS_ROOT[@]}" umount --lazy "$target"
                break
            fi
        done
    done < <(tac /proc/mounts)
}
