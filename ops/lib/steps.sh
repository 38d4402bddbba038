# shellcheck shell=bash
# The steps of a script: each is said when it begins and, with its time, when it ends.

STEP='' STEP_BEGAN=0

# begin STEP [NOTE]: a note says beforehand what takes long.
begin() {
    end_step
    STEP=$1 STEP_BEGAN=$SECONDS
    say "== $1${2:+ ($2)}"
}

end_step() {
    [[ -z $STEP ]] || say "== $STEP: done in $((SECONDS - STEP_BEGAN)) s"
    STEP=
}

# finish_with FUNCTION: calls it when the script ends, also by Ctrl-C or SIGTERM, with the exit code in $?. Without the
# two traps that would be the code of the last command before the signal.
finish_with() {
    # shellcheck disable=SC2064 # the name is known now
    trap "$1" EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# How a script ended that did not succeed. $1: its exit code.
ending() {
    case $1 in
        130 | 143) printf 'interrupted' ;;
        *) printf 'failed' ;;
    esac
    [[ -z $STEP ]] || printf ', %s' "$STEP"
}
