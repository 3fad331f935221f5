"""What the soak of `proxywasm bench` starts from: a first run has to see as much as a later one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from proxywasm_host.bench.measure import resident

SCRIPT = """
from proxywasm_host.bench.measure import resident
from proxywasm_host.bench.setup import IDENTITY, built
from proxywasm_host.wasm.engine import Engine

component = Engine().load(built(IDENTITY))
print(resident())
"""


def run() -> int:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.exhaustive
@pytest.mark.skipif(resident() is None, reason="nobody knows how much memory a process uses")
def test_a_first_run_starts_with_no_more_memory_than_a_later_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROXYWASM_CACHE_DIR", str(tmp_path / "cache"))
    first = run()
    assert first <= 1.2 * run()
