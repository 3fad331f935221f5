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
        ("import no_such_module", "3: error: cannot import no_such_module: there is no such module"),
        ("import markupless.native", "3: error: cannot import markupless.native, which needs markupless: there is no"),
        ("from . import beside", "3: error: cannot import relatively: the file is not part of a package"),
        ("try:\n    import ssl\nexcept ImportError:\n    raise", "4: error: cannot import ssl"),
        ("try:\n    import ssl\nexcept ImportError as error:\n    raise RuntimeError from error", "4: error: cannot i"),
        ("try:\n    import ssl\nexcept ImportError:\n    print(1)\n    exit(1)", "4: error: cannot import ssl"),
        (
            "try:\n    import ssl\nexcept ModuleNotFoundError:\n    raise\nexcept ImportError:\n    pass",
            "4: error: cann",
        ),
        ("try:\n    import ssl\nexcept ValueError:\n    pass", "4: error: cannot import ssl"),
        ("try:\n    import ssl\nexcept ImportError:\n    import ctypes", "6: error: cannot import ctypes"),
        ("try:\n    import json\nexcept ImportError:\n    pass\nelse:\n    import ssl", "8: error: cannot import ssl"),
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
        "try:\n    import ssl\nexcept ImportError as error:\n    if __debug__:\n        raise\n",
        "try:\n    try:\n        import ssl\n    except ImportError:\n        raise\nexcept Exception:\n    pass",
        "try:\n    import json\nexcept ImportError:\n    import no_such_json as json",
        "try:\n    import ssl\nexcept ImportError:\n    ssl = None\nelse:\n    import ctypes",
        "from contextlib import suppress\nwith suppress(ImportError):\n    import ssl",
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
    source = "def f():\n    try:\n        open('x')\n    except OSError: {}"
    assert findings(tmp_path, source.format("pass"))[0].startswith("5: warning: open() does not work")
    assert findings(tmp_path, source.format("raise"))[0].startswith("5: error: open() does not work")


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
    assert "quick, which needs quick._quick: it has native code (_quick." in findings(tmp_path, "import quick")[0]


@pytest.mark.parametrize(
    "wrapper",
    [
        "try:\n    from ._quick import run\nexcept ImportError as error:\n    raise ImportError from error\n",
        "try:\n    from . import _quick\nexcept ImportError:\n    raise\n",
        "try:\n    import quick._quick\nexcept ModuleNotFoundError:\n    import sys\n    sys.exit('build it first')\n",
    ],
)
def test_native_code_is_named_where_a_package_only_explains_that_it_is_missing(tmp_path: Path, wrapper: str) -> None:
    package = tmp_path / "quick"
    package.mkdir()
    (package / "__init__.py").write_text(wrapper)
    (package / f"_quick{importlib.machinery.EXTENSION_SUFFIXES[0]}").write_bytes(b"")
    assert "quick._quick: it has native code (_quick." in findings(tmp_path, "import quick")[0]


def test_a_package_that_does_without_its_native_code_is_not_named(tmp_path: Path) -> None:
    package = tmp_path / "quick"
    package.mkdir()
    (package / "__init__.py").write_text(
        "try:\n    from ._quick import run\nexcept ImportError:\n    from .slow import run"
    )
    (package / "slow.py").write_text("def f(): pass\n")
    (package / f"_quick{importlib.machinery.EXTENSION_SUFFIXES[0]}").write_bytes(b"")
    assert findings(tmp_path, "import quick") == []


def test_installed_packages_with_native_code_are_named(tmp_path: Path) -> None:
    assert "pydantic_core._pydantic_core: it has native code" in findings(tmp_path, "import pydantic_core")[0]
    assert findings(tmp_path, "import yaml") == []  # whose native half is optional


@pytest.mark.parametrize("source", ["# caf\xe9", "x = 'caf\xe9'", '"""\n caf\xe9 """'])
def test_another_encoding_has_to_be_declared(tmp_path: Path, source: str) -> None:
    file = tmp_path / "checked.py"
    file.write_bytes((HEAD + "\n" + source).encode("latin-1"))
    (found,) = check(file)
    assert found.line == 4 + source.count("\n")
    assert "the byte 0xe9 is not utf-8; save the file as UTF-8, or declare" in found.message
    file.write_bytes(("# -*- coding: latin-1 -*-\n" + HEAD + source).encode("latin-1"))
    assert check(file) == []


def test_a_module_beside_the_plugin_has_to_be_readable(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_bytes("# caf\xe9".encode("latin-1"))
    assert findings(tmp_path, "import helper")[0].startswith(f"{tmp_path}/helper.py:1: error: Python 3.")


def test_files_that_the_plugin_does_not_import_are_not_looked_at(tmp_path: Path) -> None:
    broken = "import ssl\ndef f(:\n"
    (tmp_path / "sibling.py").write_text(broken)
    package = tmp_path / "helper"
    package.mkdir()
    (package / "__init__.py").write_text("from .used import f\n")
    (package / "used.py").write_text("def f(): open('x')\n")
    (package / "unused.py").write_text(broken)
    (found,) = findings(tmp_path, '"""\nimport sibling\n"""\nimport helper')
    assert found.startswith(f"{package}/used.py:1: error: open()")


def test_packages_of_an_environment_in_the_folder_are_not_the_plugins_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / ".venv" / "site-packages"
    installed.mkdir(parents=True)
    (installed / "somewhere.py").write_text("def f(): open('x')\n")
    monkeypatch.syspath_prepend(installed)
    assert findings(tmp_path, "import somewhere") == []


def test_a_package_is_looked_at_as_far_as_it_is_imported(tmp_path: Path) -> None:
    package = tmp_path / "pack"
    package.mkdir()
    (package / "__init__.py").write_text(HEAD + "from .deep import inner\n")
    (package / "deep").mkdir()
    (package / "deep" / "__init__.py").write_text("")
    (package / "deep" / "inner.py").write_text("import ssl\n")
    (package / "test_pack.py").write_text("import ssl\n")
    assert [found.file.name for found in check(package)] == ["__init__.py", "inner.py"]


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
