"""The examples of the guide's section about declared settings work as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from proxywasm_host.checking.check import check

GUIDE = (Path(__file__).parents[3] / "docs" / "sdk.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE))
NAMES = ["limits.py", "headers.py"]


def test_the_examples_work(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).write_text(BLOCKS[name], encoding="utf-8")
        (tmp_path / f"test_{name}").write_text(BLOCKS[f"test_{name}"], encoding="utf-8")
        assert check(tmp_path / name) == []
    # A process of its own: nothing of this repository's configuration applies there.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=.", "--proxywasm=native"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
