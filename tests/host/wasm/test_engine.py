"""Loading components: what is refused and why, and the cache of compiled ones."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import wasmtime
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxywasm_host.wasm.compiled import ENTRIES
from proxywasm_host.wasm.component_file import count_modules
from proxywasm_host.wasm.engine import ComponentError, Engine
from proxywasm_host.wasm.seal import is_changed, seal
from proxywasm_host.wasm.world import PLUGIN_FUNCTIONS

# Compiles in no time.
TINY = bytes(wasmtime.wat2wasm('(component (core module (func (export "f"))))'))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("PROXYWASM_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.wasm"
    path.write_bytes(TINY)
    return path


def entries(folder: Path) -> list[Path]:
    """What is kept of compiled components. Locks lie beside it."""
    return sorted(path for path in folder.iterdir() if not path.name.endswith(".lock"))


# -- What is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not WebAssembly"),
        (b"\0as", "is not WebAssembly"),
        (random.Random(1).randbytes(100).replace(b"\0", b"x"), "is not WebAssembly"),
        (b"(component)", "is not WebAssembly"),
        (bytes(wasmtime.wat2wasm("(module)")), "is a WebAssembly module, not a component; .*`proxywasm build`"),
        (TINY[:-4], "is damaged or cut off, build it again"),
        (TINY + b"\xff\xff", "is damaged or cut off"),
    ],
)
def test_what_is_no_component_is_refused(cache: Path, tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "plugin.wasm"
    path.write_bytes(content)
    with pytest.raises(ComponentError, match=f"^{path}: {message}"):
        Engine().load(path)
    assert entries(cache) == []


@pytest.mark.parametrize("length", [10, 1_000, 1_000_000, -1])
def test_a_cut_off_component_is_refused(cache: Path, tmp_path: Path, plain_guest: Path, length: int) -> None:
    path = tmp_path / "plugin.wasm"
    path.write_bytes(plain_guest.read_bytes()[:length])
    with pytest.raises(ComponentError, match="is damaged or cut off"):
        Engine().load(path)


def sealed(component: bytes) -> bytes:
    return component + seal(component)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.integers(0, 8 * len(sealed(TINY)) - 1))
def test_a_sealed_component_with_a_bit_flipped_is_refused(cache: Path, tmp_path: Path, bit: int) -> None:
    changed = bytearray(sealed(TINY))
    changed[bit // 8] ^= 1 << bit % 8
    path = tmp_path / "plugin.wasm"
    path.write_bytes(changed)
    try:
        Engine().compile(path)
    except ComponentError:
        return
    assert changed.startswith(TINY), "what is sealed is as it was"


def test_a_component_that_was_changed_after_it_was_built_is_refused(cache: Path, tmp_path: Path) -> None:
    other = TINY.replace(b"\1f", b"\1g")
    wasmtime.component.Component(Engine().engine, other)
    path = tmp_path / "plugin.wasm"
    path.write_bytes(other + seal(TINY))
    with pytest.raises(ComponentError, match=f"^{path}: was changed after it was built: delete it and build it again"):
        Engine().load(path)
    assert entries(cache) == []


def test_tools_may_add_to_a_sealed_component(cache: Path, tiny: Path) -> None:
    metadata = b"\0\7\6author"
    tiny.write_bytes(sealed(TINY) + metadata)
    Engine().compile(tiny)
    assert not is_changed(sealed(sealed(TINY)))
    assert is_changed(sealed(TINY) + metadata + seal(TINY))


def test_a_missing_file_is_refused(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(ComponentError, match=r"none\.wasm: cannot be read: No such file"):
        Engine().load(tmp_path / "none.wasm")


def test_a_component_of_another_world_is_refused(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "plugin.wasm"
    path.write_bytes(
        wasmtime.wat2wasm("""
        (component
          (import "wasi:cli/environment@0.2.9" (instance))
          (import "wasi:http/types@0.2.9" (instance (export "f" (func))))
          (import "wasi:cli/environment@0.3.0" (instance (export "f" (func))))
          (import "proxywasm:http/types@0.1.0" (instance (type $t u32) (export "t" (type (eq $t)))))
          (import "proxywasm:http/host@0.1.0" (instance (export "log" (func)) (export "ask" (func))))
          (import "proxywasm:http/host@0.2.0" (instance (export "log" (func)))))
        """)
    )
    with pytest.raises(ComponentError) as refused:
        Engine().load(path)
    message = str(refused.value)
    assert f"does not export {', '.join(sorted(PLUGIN_FUNCTIONS))}" in message
    assert (
        "imports wasi:http/types@0.2.9, wasi:cli/environment@0.3.0, proxywasm:http/host@0.1.0 ask, "
        "proxywasm:http/host@0.2.0, which this host does not have"
    ) in message
    assert "has log() where this host has log(level: log-level, context: u32, message: string)" in message


def test_the_right_names_with_other_types_are_refused(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "plugin.wasm"
    exports = "\n".join(f'(export "{name}" (func $f))' for name in PLUGIN_FUNCTIONS)
    path.write_bytes(
        wasmtime.wat2wasm(f"""
        (component
          (core module $m (func (export "f")))
          (core instance $i (instantiate $m))
          (func $f (canon lift (core func $i "f")))
          {exports})
        """)
    )
    with pytest.raises(ComponentError) as refused:
        Engine().load(path)
    message = str(refused.value)
    assert "does not export" not in message
    assert "has on-tick() where this host has on-tick() -> outcome" in message
    assert "has on-done() where this host has on-done(context: u32) -> outcome, and" in message
    assert message.endswith("build it with the `proxywasm build` that comes with this host")


def test_core_modules_are_counted_as_they_are_instantiated() -> None:
    wat = """
    (component
      (core module $a (func (export "f")) (memory (export "memory") 1))
      (core module $b (import "x" "f" (func)))
      (core instance $i (instantiate $a))
      (core instance $bundle (export "f" (func $i "f")) (export "g" (func $i "f")))
      (core instance $j (instantiate $b (with "x" (instance $bundle))))
      (core instance $k (instantiate $a)))
    """
    assert count_modules(bytes(wasmtime.wat2wasm(wat))) == 3
    assert count_modules(TINY) == 0


# -- Cache ------------------------------------------------------------------------------------------------------------


def test_the_second_time_nothing_is_compiled(cache: Path, tiny: Path) -> None:
    Engine().compile(tiny)
    (entry,) = entries(cache)
    written = entry.stat().st_ino
    Engine().compile(tiny)
    assert [path.stat().st_ino for path in entries(cache)] == [written]


def test_another_content_is_another_entry(cache: Path, tiny: Path) -> None:
    Engine().compile(tiny)
    tiny.write_bytes(wasmtime.wat2wasm("(component)"))
    Engine().compile(tiny)
    assert len(entries(cache)) == 2


@pytest.mark.parametrize("damage", ["empty", "cut off", "flipped", "foreign", "not ours", "another's"])
def test_a_bad_entry_is_rebuilt(cache: Path, tiny: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    Engine().compile(tiny)
    (entry,) = entries(cache)
    good = entry.read_bytes()
    tiny.write_bytes(wasmtime.wat2wasm("(component)"))
    Engine().compile(tiny)
    (another,) = set(entries(cache)) - {entry}
    tiny.write_bytes(TINY)
    foreign = b"\x7fELF no machine code of ours"
    bad = {
        "empty": b"",
        "cut off": good[:-1],
        "flipped": good[:100] + bytes([good[100] ^ 1]) + good[101:],
        "foreign": foreign + hashlib.sha256(entry.name.encode() + foreign).digest(),
        "not ours": b"x" * 1000,
        "another's": another.read_bytes(),
    }[damage]
    entry.write_bytes(bad)
    Engine().compile(tiny)
    assert entry.read_bytes() == good
    assert "compiling again" in caplog.text


def test_the_folder_is_private(cache: Path) -> None:
    Engine()
    assert cache.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_that_others_can_write_to_is_not_used(
    cache: Path, tiny: Path, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    cache.mkdir()
    cache.chmod(mode)
    Engine().compile(tiny)
    assert entries(cache) == []
    assert f"others can write to {cache}; `chmod 700` it" in caplog.text


def test_a_folder_in_the_place_of_an_entry_is_replaced(
    cache: Path, tiny: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Engine().compile(tiny)
    (entry,) = entries(cache)
    entry.unlink()
    entry.mkdir()
    Engine().compile(tiny)
    assert f"{entry} cannot be read: Is a directory" in caplog.text
    assert entry.is_file()


def test_quick_and_optimized_code_are_kept_apart(cache: Path, tiny: Path) -> None:
    Engine().compile(tiny)
    Engine(optimize=False).compile(tiny)
    assert len(entries(cache)) == 2


def test_without_a_folder_it_works_uncached_and_leaves_nothing(
    cache: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cache.write_text("a file is in the way")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = sorted(tmp_path.iterdir())
    Engine().compile(tiny)
    assert "not cached" in caplog.text
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_that_turns_out_to_be_unusable_is_done_without(
    cache: Path, tiny: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = Engine()
    for digit in "0123456789abcdef":
        (cache / f".{digit}.lock").mkdir()
    engine.compile(tiny)
    assert "cannot keep the compiled component" in caplog.text
    assert entries(cache) == []


def test_the_folder_follows_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROXYWASM_CACHE_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for setting, folder in [(str(tmp_path / "xdg"), "xdg/proxywasm"), ("relative", ".cache/proxywasm")]:
        monkeypatch.setenv("XDG_CACHE_HOME", setting)
        Engine()
        assert (tmp_path / folder).is_dir()


def test_entries_used_last_are_kept(cache: Path, tiny: Path) -> None:
    Engine().compile(tiny)
    (first,) = entries(cache)
    long_ago = time.time() - 1_000
    for number in range(ENTRIES + 4):
        path = cache / f"proxywasm-{number}.cwasm"
        path.write_bytes(b"")
        os.utime(path, (long_ago + number, long_ago + number))
    os.utime(first, (0, 0))
    Engine().compile(tiny)  # used again
    (cache / "other").write_text("none of our business")
    tiny.write_bytes(wasmtime.wat2wasm("(component)"))
    Engine().compile(tiny)
    left = entries(cache)
    assert len(left) == ENTRIES + 1
    assert first in left
    assert cache / "proxywasm-0.cwasm" not in left


def test_several_processes_may_start_at_once(cache: Path, tiny: Path) -> None:
    script = f"from proxywasm_host.wasm.engine import Engine; [Engine().compile({str(tiny)!r}) for _ in range(20)]"
    running = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", script], stderr=subprocess.PIPE) for _ in range(4)
    ]
    for process in running:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0
        assert errors == b""
    assert len(entries(cache)) == 1
