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
entry.with_name(sys.argv[2]).touch()
with one_at_a_time(entry):
    if not entry.exists():
        while len(list(entry.parent.glob("maker-*"))) < 2:
            time.sleep(0.01)
        time.sleep(0.3)  # the other one is at the door by now, and has found nothing
        with entry.open("a") as file:
            file.write("made ")
"""


def test_two_processes_make_an_entry_once(tmp_path: Path) -> None:
    entry = tmp_path / "entry.wasm"
    makers = [subprocess.Popen([sys.executable, "-c", MAKER, str(entry), f"maker-{number}"]) for number in range(2)]
    assert [maker.wait(120) for maker in makers] == [0, 0]
    assert entry.read_text() == "made "
