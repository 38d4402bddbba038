# shellcheck shell=bash
# Building with Swift.

# The first release whose compiler knows every setting of Package.swift.
SWIFT_MINIMUM=6.2

require_swift() {
    local version
    command -v swift >/dev/null \
        || die "there is no swift: install Swift $SWIFT_MINIMUM or later, see https://www.swift.org/install"
    version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9.]+).*/\1/p' | head -n 1)
    [[ $(printf '%s\n' "$SWIFT_MINIMUM" "$version" | sort -V | head -n 1) == "$SWIFT_MINIMUM" ]] \
        || die "this is Swift ${version:-of an unknown version}, and $SWIFT_MINIMUM or later is needed"
}

# Builds the images that tests run programs in, for the engines that were borrowed.
build_test_images() {
    "$CHECKOUT/sandbox-image/build"
    SANDMILL_ENGINE_URL=$SANDMILL_PODMAN_URL "$CHECKOUT/sandbox-image/build"
    # What these runtimes need, for the tests of the runtimes.
    "$CHECKOUT/sandbox-image/build" --runtimes python,sh,node,c,cpp --packages python3-numpy
    # One image for the tests of languages.
    "$CHECKOUT/sandbox-image/build" --runtimes "$SANDMILL_TEST_LANGUAGES" --name sandmill/sandbox-languages
}

# The languages that are tried, and all that config/sandmill.yaml has, with commas between.
export SANDMILL_TEST_LANGUAGES=${SANDMILL_TEST_LANGUAGES:-python,sh,node,c,cpp,bash,java,go,rust,perl}
ALL_LANGUAGES=python,sh,node,c,cpp,bash,java,go,rust,ruby,perl,php,lua,r

# Builds all products, optimised, into .sandmill/bin.
build_release() {
    local product built
    swift build --package-path "$CHECKOUT" -c release
    built=$(swift build --package-path "$CHECKOUT" -c release --show-bin-path)
    mkdir -p "$STATE/bin"
    for product in sandmill sandbox-agent sandmill-bench; do
        ln -sfn "$built/$product" "$STATE/bin/$product"
    done
}
