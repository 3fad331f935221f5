"""Components are compiled by a process of its own: what stays with ours, and what happens when that one is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import wasmtime

# How the tests look at processes.
pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="there is no /proc")

# Ctrl-C counts, also where the tests run in the background of a shell and have been told to ignore it.
COMPILE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from proxywasm_host.wasm.engine import Engine

engine = Engine()
print("ready", flush=True)
code = engine.compile(sys.argv[1])
"""
PAGES = COMPILE + "print(open('/proc/self/statm').read().split()[1])"
ENTRY = (
    COMPILE
    + """
from pathlib import Path
(entry,) = Path(sys.argv[2]).glob("proxywasm-*.cwasm")
print(entry.stat().st_ino)
"""
)
SMALL_FILES = (
    """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
"""
    + COMPILE
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("PROXYWASM_CACHE_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A component that takes a second to compile, and 50 MB."""
    body = "i32.const 7 i32.add local.get 0 i32.mul " * 40
    functions = "".join(
        f'(func (export "f{number}") (param i32) (result i32) local.get 0 {body})' for number in range(3000)
    )
    path = tmp_path_factory.mktemp("large") / "large.wasm"
    path.write_bytes(wasmtime.wat2wasm(f"(component (core module {functions}))"))
    return path


def start(script: str, *words: Path) -> subprocess.Popen[bytes]:
    """A process that runs a script, once it is about to compile."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # what comes with the first line is for `ended`
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def ended(process: subprocess.Popen[bytes]) -> tuple[str, str]:
    """What it has written since it was ready, and its errors."""
    text, errors = process.communicate(timeout=100)
    return text.decode(), errors.decode()


def output(script: str, *words: Path) -> str:
    process = start(script, *words)
    text, errors = ended(process)
    assert process.returncode == 0, errors
    return text


def children(parent: int) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            _, _, status = (folder / "stat").read_text().rpartition(")")
        except OSError:  # it has ended meanwhile
            continue
        if int(status.split()[1]) == parent:
            yield int(folder.name)


def compiler_of(process: subprocess.Popen[bytes]) -> int:
    """The process that compiles for this one, once it runs our code."""
    while process.poll() is None:
        for child in children(process.pid):
            if b"proxywasm_host.wasm.compiling" in Path(f"/proc/{child}/cmdline").read_bytes():
                return child
        time.sleep(0.01)
    raise AssertionError(process.communicate())


def until_gone(process: int) -> None:
    """A process that has been ended stays in the list until the system has cleaned up after it."""
    deadline = time.monotonic() + 100
    while Path(f"/proc/{process}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize("kept", [True, False])
def test_who_had_to_compile_uses_no_more_memory_than_who_had_not(cache: Path, large: Path, kept: bool) -> None:
    if not kept:
        cache.write_text("a file is in the way")
    compiled = int(output(PAGES, large))
    if not kept:
        cache.unlink()
        output(PAGES, large)
    assert compiled <= 1.3 * int(output(PAGES, large))


def test_processes_that_need_the_same_code_at_the_same_time_compile_it_once(cache: Path, large: Path) -> None:
    running = [start(ENTRY, large, cache) for _ in range(2)]
    # Whoever compiled it again would have put another file in the place of the one that the other has seen.
    first, second = [ended(process) for process in running]
    assert first == second
    assert first[0].strip().isdigit()


def test_a_compiler_that_is_killed_is_reported_with_what_to_do(cache: Path, large: Path) -> None:
    process = start(COMPILE, large)
    os.kill(compiler_of(process), signal.SIGKILL)
    _, errors = ended(process)
    assert errors.splitlines()[-1] == (
        f"proxywasm_host.wasm.component_file.ComponentError: {large}: cannot be compiled: the process that does it was "
        f"ended by SIGKILL; it takes some {20 * large.stat().st_size // 1_000_000} MB of memory, make sure that they "
        "are free"
    )
    assert list(cache.glob("proxywasm-*")) == []


@pytest.mark.parametrize("whole_group", [True, False])
def test_ctrl_c_ends_the_compiler_too(cache: Path, large: Path, whole_group: bool) -> None:
    process = start(COMPILE, large)
    compiler = compiler_of(process)
    if whole_group:  # as a terminal does
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGINT)
    _, errors = ended(process)
    assert errors.splitlines()[-1] == "KeyboardInterrupt"
    until_gone(compiler)
    assert list(cache.glob("proxywasm-*")) == []


def test_code_for_which_there_is_no_room_is_refused_with_what_to_do(cache: Path, large: Path) -> None:
    process = start(SMALL_FILES, large)
    _, errors = ended(process)
    assert "cannot keep the compiled component: [Errno 27] File too large" in errors
    assert errors.splitlines()[-1] == (
        f"proxywasm_host.wasm.component_file.ComponentError: {large}: cannot be compiled: there is no room for its "
        "code: File too large; set TMPDIR to a folder that has some"
    )
    assert list(cache.glob("proxywasm-*")) == []


def test_the_compiler_gets_no_credentials(cache: Path, large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_TOKEN", "sk-0123456789")
    process = start(COMPILE, large)
    compiler = compiler_of(process)
    assert b"sk-0123456789" in Path(f"/proc/{process.pid}/environ").read_bytes()
    assert b"sk-0123456789" not in Path(f"/proc/{compiler}/environ").read_bytes()
    process.kill()
    process.communicate()


def test_modules_in_the_current_folder_are_none_of_the_compilers(
    cache: Path, large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    script = "import sys; sys.path.remove('')\n" + COMPILE
    for name in ("wasmtime", "subprocess", "signal"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a stranger')")
    output(script, large)
