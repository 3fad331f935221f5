"""`proxywasm new` makes a folder in which `proxywasm test` passes at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from proxywasm.adapters.native import load_plugin
from proxywasm_host.checking.check import check
from proxywasm_host.cli.scaffold import ScaffoldError, find_plugin, new, new_from, origins

ROOT = Path(__file__).parents[3]
PROXYWASM = Path(sys.executable).with_name("proxywasm")


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROXYWASM, *words], cwd=folder, capture_output=True, text=True, check=False)


def test_a_new_folder_has_plugin_test_recording_and_readme(tmp_path: Path) -> None:
    folder = new("rate-limit", tmp_path)
    names = ["README.md", "rate_limit.py", "recording.json", "test_rate_limit.py"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert all("my_plugin" not in path.read_text() for path in folder.iterdir())


def test_the_plugin_has_fifteen_lines_of_code(tmp_path: Path) -> None:
    lines = (new("x", tmp_path) / "x.py").read_text().splitlines()
    assert len([line for line in lines if line.strip()]) <= 15


def test_a_new_plugin_is_clean(tmp_path: Path) -> None:
    assert check(find_plugin(new("x", tmp_path))) == []


@pytest.mark.parametrize("name", ["json", "proxywasm", "class", "1a", "a.b", "../a", ""])
def test_names_that_cannot_be_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ScaffoldError):
        new(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    new("x", tmp_path)
    with pytest.raises(ScaffoldError, match="is there already"):
        new("x", tmp_path)


def test_the_plugin_of_a_folder_is_found(tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError, match="no plugin"):
        find_plugin(tmp_path)
    folder = new("x", tmp_path)
    (folder / "older.py").write_bytes(b"# caf\xe9\n")
    assert find_plugin(folder) == folder / "x.py"
    (folder / "y.py").write_text("from proxywasm import Plugin\nplugin = Plugin('y')\n")
    with pytest.raises(ScaffoldError, match=r"there are several plugins in .*: x\.py, y\.py; name"):
        find_plugin(folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "flavours"),
    [(["--proxywasm=native"], ["native"]), pytest.param([], ["native", "wasm"], marks=pytest.mark.exhaustive)],
)
def test_a_new_plugin_passes_its_tests(words: list[str], flavours: list[str], tmp_path: Path) -> None:
    assert run(tmp_path, "new", "x").returncode == 0
    done = run(tmp_path / "x", "test", "-rA", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = [line for line in done.stdout.splitlines() if line.startswith("PASSED ")]
    assert len(passed) == 4 * len(flavours)
    assert all(sum(f"[{flavour}]" in line for line in passed) == 4 for flavour in flavours)
    assert run(tmp_path / "x", "check").returncode == 0


def test_check_exits_with_one_if_there_are_errors(tmp_path: Path) -> None:
    folder = new("x", tmp_path)
    with (folder / "x.py").open("a") as file:
        file.write("\nimport ssl\n")
    done = run(folder, "check")
    assert done.returncode == 1
    assert "x.py:24: error: cannot import ssl" in done.stdout


@pytest.mark.parametrize("origin", origins())
def test_a_copy_of_a_plugin_is_a_plugin_under_its_own_name(tmp_path: Path, origin: str) -> None:
    folder = new_from(origin, "my-own", tmp_path)
    assert folder == tmp_path / "my_own"
    texts = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()}
    assert not [path for path, text in texts.items() if origin in text or origin in path.name]
    plugin = find_plugin(folder)
    assert plugin == folder / "my_own"
    assert load_plugin(plugin).name == "my-own"
    assert {path.name for path in (ROOT / "plugins" / origin).glob("*.py")} == {
        path.name for path in plugin.glob("*.py")
    }


@pytest.mark.slow
@pytest.mark.parametrize("origin", origins())
def test_the_tests_of_a_copy_pass(tmp_path: Path, origin: str) -> None:
    done = run(new_from(origin, "my_own", tmp_path), "test", "-q", "--proxywasm=native")
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


def test_what_cannot_be_copied_is_said(tmp_path: Path) -> None:
    done = run(tmp_path, "new", "x", "--from", "ai_proxy")
    assert done.returncode == 2
    assert f"--from must be one of {', '.join(origins())}" in done.stderr
    (tmp_path / "my_own").mkdir()
    with pytest.raises(ScaffoldError, match="is there already"):
        new_from("key_auth", "my_own", tmp_path)
