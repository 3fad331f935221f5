"""The cache folder: entries that several processes want at the same time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

MAKER = """
import sys, time
from pathlib import Path
from proxywasm_host.cache import one_at_a_time

entry = Path(sys.argv[1])
with one_at_a_time(entry):
    if not entry.exists():
        time.sleep(0.3)  # long enough for the other one to find nothing
        with entry.open("a") as file:
            file.write("made ")
"""


def test_two_processes_make_an_entry_once(tmp_path: Path) -> None:
    entry = tmp_path / "entry.wasm"
    makers = [subprocess.Popen([sys.executable, "-c", MAKER, str(entry)]) for _ in range(2)]
    assert [maker.wait(30) for maker in makers] == [0, 0]
    assert entry.read_text() == "made "
