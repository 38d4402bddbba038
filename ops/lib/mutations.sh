# shellcheck shell=bash disable=SC2034 # used by the scripts that source this
# The mutations of Tests/mutations: lines that hold a promise, each with what breaks it.

MUTATIONS=$CHECKOUT/Tests/mutations

# The names of all, one a line.
mutation_names() {
    local file
    for file in "$MUTATIONS"/*.mutation; do
        file=${file##*/}
        printf '%s\n' "${file%.mutation}"
    done
}

# Reads mutation $1 into PROMISE, SOURCE, SEEN_BY, ORIGINAL and REPLACEMENT; as Tests/mutations/README.md has it.
read_mutation() {
    local line number=0 file=$MUTATIONS/$1.mutation
    PROMISE='' SOURCE='' SEEN_BY=() ORIGINAL='' REPLACEMENT=''
    [[ -f $file ]] || die "there is no mutation $1: see ops/mutate --list"
    while IFS= read -r line; do
        number=$((number + 1))
        case $line in
            '# '*) PROMISE+=${PROMISE:+ }${line#\# } ;;
            'file '*) SOURCE=${line#file } ;;
            'seen by '*) SEEN_BY+=("${line#seen by }") ;;
            -*) ORIGINAL+=${ORIGINAL:+$'\n'}${line#-} ;;
            +*) REPLACEMENT+=${REPLACEMENT:+$'\n'}${line#+} ;;
            '') ;;
            *) die "${file#"$CHECKOUT/"}:$number begins with none of \"# \", \"file \", \"seen by \", - and +" ;;
        esac
    done <"$file"
}

# Prints why mutation $1, which was read, cannot be applied to the checkout at $2, and fails; says nothing if it can.
mutation_fits() {
    local name=$1 tree=$2 content rest
    if [[ -z $PROMISE || -z $SOURCE || -z $ORIGINAL || ${#SEEN_BY[@]} -eq 0 ]]; then
        say "$name: it needs a line each that begins with \"# \", \"file \", \"seen by \" and -"
    elif [[ ! -f $tree/$SOURCE ]]; then
        say "$name: there is no $SOURCE; where is now what holds this promise? $PROMISE"
    else
        content=$(<"$tree/$SOURCE")
        rest=${content#*"$ORIGINAL"}
        if [[ $content != *"$ORIGINAL"* ]]; then
            say "$name: $SOURCE no longer has this text; what holds the promise now? $PROMISE"
        elif [[ $rest == *"$ORIGINAL"* ]]; then
            say "$name: $SOURCE has this text more than once; add the line before or behind it"
        elif [[ $ORIGINAL == "$REPLACEMENT" ]]; then
            say "$name: it changes nothing"
        else
            return 0
        fi
        say "    | ${ORIGINAL//$'\n'/$'\n    | '}"
    fi
    return 1
}

# Prints which of the tests that are to see mutation $1, which was read, are not there, and fails.
mutation_tests_exist() {
    local test found=0
    for test in "${SEEN_BY[@]}"; do
        grep -rqE --include='*.swift' "func ${test##*/}\(" "$CHECKOUT/Tests" && continue
        say "$1: there is no test ${test##*/}"
        found=1
    done
    return "$found"
}

# Breaks the checkout at $1 by the mutation that was read and fits.
apply_mutation() {
    local content
    content=$(<"$1/$SOURCE")
    printf '%s\n' "${content%%"$ORIGINAL"*}$REPLACEMENT${content#*"$ORIGINAL"}" >"$1/$SOURCE"
}
