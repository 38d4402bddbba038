# shellcheck shell=bash
# The Python packages that tests need and Debian does not have, in an environment of this checkout, beside Debian's.

PYTHON_REQUIREMENTS=$CHECKOUT/Tests/sandmill/clients/requirements.txt

install_python_packages() {
    local home=$STATE/python log=$STATE/python.log
    if [[ -x $home/bin/pip ]] && cmp -s "$PYTHON_REQUIREMENTS" "$home/requirements.txt"; then
        return 0
    fi
    say "installing the Python packages of the tests"
    mkdir -p "$STATE"
    {
        rm -rf "$home" \
            && /usr/bin/python3 -m venv --system-site-packages "$home" \
            && "$home/bin/pip" install --quiet --disable-pip-version-check --requirement "$PYTHON_REQUIREMENTS"
    } >"$log" 2>&1 </dev/null || die_with_log "$log" "pip could not install $PYTHON_REQUIREMENTS"
    # Last, so that what was interrupted is made anew.
    cp "$PYTHON_REQUIREMENTS" "$home/requirements.txt"
}
