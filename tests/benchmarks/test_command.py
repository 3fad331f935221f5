"""`proxywasm bench --envoy` as a whole."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import ROOT

BENCH = [sys.executable, "-c", "from proxywasm_host.cli.main import main; main()", "bench"]


def test_the_installed_package_says_where_the_benchmark_is(tmp_path: Path) -> None:
    """A copy of the packages at another place is like an installed wheel: no repository is around it."""
    for package in ("host/proxywasm_host", "sdk/proxywasm"):
        shutil.copytree(ROOT / package, tmp_path / Path(package).name, ignore=shutil.ignore_patterns("__pycache__"))
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([*BENCH, "--envoy"], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: this benchmark is not in the installed package, only in the repository of proxywasm: "
        "clone it, and run `./build.sh bench --envoy` there\n"
    )


def test_quick_is_for_the_benchmark_in_envoy() -> None:
    done = subprocess.run([*BENCH, "--quick"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--quick is for --envoy only" in done.stderr


@pytest.mark.envoy
@pytest.mark.exhaustive
def test_every_row_is_measured(tmp_path: Path) -> None:
    """From a folder that is not the repository's, into a file there."""
    command = [*BENCH, "--envoy", "--quick", "--json", "rows.json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert len(done.stdout.splitlines()) == len(rows) + 2
    values = {row["name"]: row["value"] for row in rows}
    for part in ("pass-through, requests", "native Qwen conversion, streamed", "Envoy ready", "memory with one worker"):
        assert values[part] > 0


@pytest.mark.exhaustive
def test_what_an_optimisation_of_components_brings_is_measured(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.components", "--quick", "--json", str(tmp_path / "columns.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    columns = json.loads((tmp_path / "columns.json").read_text())
    assert len(columns) == 5
    for values in columns.values():
        assert {name: len(times) for name, times in values.items()} == {"all": 2, "addresses": 2}
