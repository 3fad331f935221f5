"""`proxywasm check` names what cannot work in the guest, with its line."""

from __future__ import annotations

import importlib
import importlib.metadata
from pathlib import Path

import pytest

from proxywasm_host.checking.check import check
from proxywasm_host.checking.guest import facts

ROOT = Path(__file__).parents[3]
HEAD = "from proxywasm import Plugin\nplugin = Plugin('x')\n"


def findings(tmp_path: Path, source: str, *, head: str = HEAD) -> list[str]:
    """Those of a plugin file, without its folder."""
    file = tmp_path / "checked.py"
    file.write_text(head + source, encoding="utf-8")
    return [str(finding).removeprefix(f"{tmp_path}/checked.py:") for finding in check(file)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import ssl", "3: error: cannot import ssl: the Python inside components has no ssl"),
        ("from ctypes import c_int", "3: error: cannot import ctypes"),
        ("import multiprocessing.shared_memory", "3: error: cannot import multiprocessing.shared_memory"),
        ("import cgi", "3: error: cannot import cgi"),
        ("import no_such_module", "3: error: cannot import no_such_module is neither beside"),
        ("import markupless.native", "3: error: cannot import markupless.native"),
        ("def f():\n    import json", "4: warning: json is imported inside a function"),
        (
            "import time\ndef f():\n    time.sleep(1)",
            "5: error: time.sleep() does not work inside a component: RuleErr",
        ),
        ("from time import sleep as wait\nx = lambda: wait(1)", "4: error: time.sleep() does not work"),
        ("def f():\n    with open('x') as file: pass", "4: error: open() does not work inside a component: FileNotFo"),
        ("from pathlib import Path\ndef f():\n    return (Path('a') / 'b').read_text()", "5: error: pathlib.Path().re"),
        ("import socket\nclass A:\n    def f(self): socket.create_connection(('a', 1))", "5: error: socket.create_"),
        ("import subprocess\nasync def f(): subprocess.run(['ls'])", "4: error: subprocess.run() does not"),
        ("import threading\ndef f(): threading.Thread(target=f).start()", "4: error: threading.Thread() does not"),
        ("import urllib.request\ndef f(): urllib.request.urlopen('http://a')", "4: error: urllib.request.urlopen()"),
        ("import time\nSTART = time.time()", "4: warning: time.time() at module level runs once, when the comp"),
        ("import random\ndef f(x=random.random()): pass", "4: warning: random.random() at module level"),
        ("from uuid import uuid4\nclass A:\n    ID = uuid4()", "5: warning: uuid.uuid4() at module level"),
        ("def f(:", "3: error: Python 3."),
    ],
)
def test_what_cannot_work_is_named(tmp_path: Path, source: str, expected: str) -> None:
    found = findings(tmp_path, source)
    assert len(found) == 1
    assert found[0].startswith(expected)


@pytest.mark.parametrize(
    "source",
    [
        "import json, sqlite3, hashlib, xml.etree.ElementTree",
        "try:\n    import ssl\nexcept ImportError:\n    ssl = None",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import ssl",
        "DATA = open(__file__).read()",
        "def open(name): pass\ndef f(): open('x')",
        "import time\ndef f(): return time.time()",
        "if __name__ == '__main__':\n    import ssl, time\n    time.sleep(1)",
        "def f(time):\n    time.sleep(1)",
    ],
)
def test_what_works_is_not_named(tmp_path: Path, source: str) -> None:
    assert findings(tmp_path, source) == []


def test_a_guarded_call_is_only_a_warning(tmp_path: Path) -> None:
    source = "def f():\n    try:\n        open('x')\n    except OSError: pass"
    assert findings(tmp_path, source)[0].startswith("5: warning: open() does not work")


def test_a_module_without_plugin_is_named(tmp_path: Path) -> None:
    assert findings(tmp_path, "x = 1", head="")[0].startswith("1: error: no attribute `plugin`")


def test_a_package_that_needs_what_is_missing_is_named_where_it_is_imported(tmp_path: Path) -> None:
    package = tmp_path / "helper"
    package.mkdir()
    (package / "__init__.py").write_text("from . import deep\n")
    (package / "deep.py").write_text("try:\n    import bz2\nexcept ImportError:\n    pass\nimport ssl\n")
    found = findings(tmp_path, "import helper")
    assert found[0].startswith("3: error: cannot import helper, which needs helper.deep, which needs ssl: the P")


def test_native_code_is_named(tmp_path: Path) -> None:
    package = tmp_path / "quick"
    package.mkdir()
    (package / "__init__.py").write_text("from ._quick import run\n")
    (package / f"_quick{importlib.machinery.EXTENSION_SUFFIXES[0]}").write_bytes(b"")
    assert "quick._quick has native code (_quick." in findings(tmp_path, "import quick")[0]


def test_late_relative_imports_find_no_files(tmp_path: Path) -> None:
    package = tmp_path / "pack"
    package.mkdir()
    (package / "__init__.py").write_text(HEAD + "def f():\n    from . import late\n")
    (package / "late.py").write_text("")
    (found,) = check(package)
    assert str(found) == (
        f"{package}/__init__.py:4: error: pack is imported inside a function, when there are no files any more; "
        "import it at the top"
    )


@pytest.mark.parametrize(
    "plugin",
    sorted(path for path in (ROOT / "examples").glob("*.py") if not path.name.startswith("test_")),
    ids=lambda path: path.stem,
)
def test_the_examples_are_clean(plugin: Path) -> None:
    assert check(plugin) == []


def test_ai_proxy_has_no_errors() -> None:
    assert [finding for finding in check(ROOT / "plugins" / "ai_proxy") if finding.severity == "error"] == []


def test_the_facts_are_those_of_the_versions_that_are_installed() -> None:
    """Otherwise run `python -m tools.guest_facts`."""
    measured = facts().measured
    assert {name: measured[name] for name in ("componentize-py", "wasmtime")} == {
        name: importlib.metadata.version(name) for name in ("componentize-py", "wasmtime")
    }


@pytest.mark.exhaustive
def test_the_facts_are_still_what_is_measured() -> None:
    from tools.guest_facts.measure import measure  # noqa: PLC0415  # the kit behind it takes a second

    assert measure() == facts()
