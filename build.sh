#!/usr/bin/env bash
# The one way in. It sets up .venv by itself; nothing is needed but python3 and the package index.
#
#   ./build.sh               build dist/ai_proxy.wasm and replay a recorded Qwen stream through it
#   ./build.sh test [...]    the whole test suite (arguments go to pytest)
#   ./build.sh check         what has to pass before a commit: lint, format, types, quick tests
#   ./build.sh WORDS ...     any command of proxywasm, for example: ./build.sh replay --check FILE.json
set -euo pipefail
cd "$(dirname "$0")"

fail() {
    echo "build.sh: $*" >&2
    exit 1
}

setup() {
    # The stamp is what was installed, and where: a folder that was moved has wrong paths in its scripts.
    if { pwd && cat pyproject.toml; } | cmp -s - .venv/installed && [ -x .venv/bin/proxywasm ]; then
        return
    fi
    local python=${PYTHON:-python3}
    command -v "$python" >/dev/null || fail "there is no $python; install Python 3.11 or later, or set PYTHON"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$("$python" --version) is too old: 3.11 or later is needed; set PYTHON to another one"
    echo "build.sh: setting up .venv" >&2
    # One that works is only brought up to date: another process may be using it.
    if ! .venv/bin/python -c '' 2>/dev/null; then
        rm -rf .venv
    fi
    local pip=(.venv/bin/python -m pip)
    if ! { .venv/bin/python -m pip --version || "$python" -m venv .venv; } >/dev/null 2>&1; then
        # Debian's python3 comes without ensurepip; the system's own pip can fill an environment too.
        "$python" -m venv --without-pip .venv || fail "cannot make a virtual environment in .venv"
        "$python" -m pip --version >/dev/null 2>&1 || fail "$python has no pip; install python3-venv or python3-pip"
        pip=("$python" -m pip --python .venv/bin/python)
    fi
    "${pip[@]}" install --quiet --disable-pip-version-check --editable '.[dev]' ||
        fail "the packages cannot be installed; see above"
    { pwd && cat pyproject.toml; } >.venv/installed
}

setup
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
    exec .venv/bin/python -m pytest -m "not slow"
    ;;
*)
    exec .venv/bin/proxywasm "$@"
    ;;
esac
