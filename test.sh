#!/usr/bin/env bash
# The one command that passes all tests. Needs Rust (rustup), gcc and Python 3.11 or newer; what
# else is missing it installs: FFmpeg by apt-get, cargo-nextest into .tools/, Python packages into
# .venv/. Steps run cheapest first and the first failure ends the run.
#
#   ./test.sh        everything
#   ./test.sh fast   no release build and no Python: seconds after a small change
set -euo pipefail
cd "$(dirname "$0")"

NEXTEST_VERSION=0.9.143
mode=${1:-all}
case $mode in
    all | fast) ;;
    *)
        echo "usage: ./test.sh [fast]" >&2
        exit 2
        ;;
esac

started=$SECONDS
summary=()
current=

say() { printf '\n== %s\n' "$*"; }

# step NAME COMMAND…: runs it, remembers its time.
step() {
    current=$1
    shift
    say "$current"
    local begun=$SECONDS
    "$@"
    summary+=("$(printf '%5d s  %s' $((SECONDS - begun)) "$current")")
    current=
}

finish() {
    local code=$?
    printf '\n'
    if ((${#summary[@]} > 0)); then printf '%s\n' "${summary[@]}"; fi
    if [ "$code" -ne 0 ]; then
        printf 'FAILED%s after %d s\n' "${current:+ in: $current}" $((SECONDS - started))
    else
        summary+=("$(printf '%5d s  all passed (%s)' $((SECONDS - started)) "$mode")")
        printf '%s\n' "${summary[-1]}"
        # For benches/figures.py.
        if [ "$mode" = all ]; then printf '%s\n' "${summary[@]}" >"${CARGO_TARGET_DIR:-target}/test-times.txt"; fi
    fi
}
trap finish EXIT

have() { command -v "$1" >/dev/null 2>&1; }

# apt_install WHAT_FOR PACKAGE…
apt_install() {
    local why=$1
    shift
    local sudo=
    if [ "$(id -u)" -ne 0 ]; then sudo=sudo; fi
    if ! have apt-get || { [ -n "$sudo" ] && ! have sudo; }; then
        echo "missing: $*, for $why; there is no apt-get (or no sudo) here: install it by hand" >&2
        return 1
    fi
    echo "installing $* ($why)"
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -q
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
}

need_rust() {
    if ! have cargo && [ -x "${HOME:-}/.cargo/bin/cargo" ]; then PATH="${HOME:-}/.cargo/bin:$PATH"; fi
    have cargo || { echo "missing: cargo; install Rust from https://rustup.rs" >&2; return 1; }
    have gcc || apt_install "the linker" gcc libc6-dev
    cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
    cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
    cargo --version
}

need_nextest() {
    PATH="$PWD/.tools/bin:$PATH"
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest --version | head -n 1
        return
    fi
    # Unoptimised: it only starts processes, and this halves the build.
    cargo install --locked --debug --root .tools --no-default-features --features default-no-update \
        --version "$NEXTEST_VERSION" cargo-nextest
}

need_ffmpeg() {
    if have ffmpeg && have ffprobe; then
        echo "already there: $(ffmpeg -version | head -n 1)"
    else
        apt_install "to read back what opusclip writes" ffmpeg
    fi
}

need_python() {
    local python=${PYTHON:-python3}
    have "$python" || apt_install "the oracle" python3 python3-venv
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
        echo "$python is $("$python" --version); the oracle needs Python 3.11 or newer (set PYTHON)" >&2
        return 1
    }
    local stamp=.venv/requirements.stamp
    if [ -x .venv/bin/python ] && cmp -s tests/oracle/requirements.txt "$stamp"; then
        echo "already there: .venv, $(.venv/bin/python --version)"
        return
    fi
    # Debian ships venv without ensurepip until python3-venv is installed.
    "$python" -c 'import ensurepip' 2>/dev/null || apt_install "virtual environments" python3-venv
    rm -rf .venv
    "$python" -m venv .venv
    .venv/bin/python -m pip install -q --disable-pip-version-check -r tests/oracle/requirements.txt
    cp tests/oracle/requirements.txt "$stamp"
}

# Libraries only: the page of the program would be written over that of the library of its name.
docs() { RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace "${features[@]}" --lib --no-deps --quiet; }

oracle() {
    local target=${CARGO_TARGET_DIR:-$PWD/target}
    # The step "tests" builds the examples too.
    OPUSCLIP_BIN=${OPUSCLIP_BIN:-$target/release/opusclip} OPUSCLIP_SWEEP=$target/debug/examples/sweep \
        .venv/bin/python -m pytest -q -ra -p no:cacheprovider tests/oracle
}

# Doors that people open by choice are built and tested; the release build is without them.
features=(--features opusclip-engine/ndarray)

step "rust" need_rust
step "format" cargo fmt --all --check
step "floors" cargo xtask floors
step "gate" cargo xtask gate
step "ffmpeg" need_ffmpeg
step "nextest" need_nextest
step "clippy" cargo clippy --locked --workspace "${features[@]}" --all-targets --quiet -- -D warnings
step "tests" cargo nextest run --locked --workspace "${features[@]}" --no-tests=pass
step "doc-tests" cargo test --locked --workspace "${features[@]}" --doc --quiet
step "docs" docs
if [ "$mode" = all ]; then
    # The program, and the examples by which the oracle and the gate on speed reach the library.
    step "release build" cargo xtask bench --build
    step "python" need_python
    step "oracle" oracle
    step "bench gate" cargo xtask bench --gate
fi
