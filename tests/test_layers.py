"""What the tests of the house find, on small packages."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.layers import Layers, circles

TWO = Layers("src", "pkg", {"top": {"", "a"}, "bottom": {"b", "deep"}})


def write(root: Path, **modules: str) -> None:
    for name, text in {"__init__": "", **modules}.items():
        path = root / "src" / "pkg" / f"{name.replace('__in__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        ({"a": ["b"], "b": ["c"], "c": []}, []),
        ({"a": ["b"], "b": ["a"], "c": ["a"]}, [["a", "b"]]),
        ({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]}, [["a", "b", "c"]]),
        ({"a": ["b"], "b": ["a", "c"], "c": ["d"], "d": ["c"]}, [["a", "b"], ["c", "d"]]),
    ],
)
def test_circles_are_those_that_import_each_other(graph: dict[str, list[str]], expected: list[list[str]]) -> None:
    assert circles(graph) == expected


@pytest.mark.parametrize(
    "text",
    [
        "from pkg import a",
        "from . import a",
        "from .a import X",
        "import pkg.a",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .a import X",
        "def later():\n    from . import a",
    ],
)
def test_an_import_that_points_up_is_found_however_it_is_written(tmp_path: Path, text: str) -> None:
    write(tmp_path, a="from . import b", b=text, deep__in__c="")
    graph = TWO.graph(tmp_path)
    assert TWO.upward(graph) == ["pkg.b (bottom) imports pkg.a (top)"]
    assert circles(graph) == [["pkg.a", "pkg.b"]]


def test_the_package_itself_is_a_module_and_imports_of_its_modules_are_none_of_it(tmp_path: Path) -> None:
    write(tmp_path, a="", b="from pkg import X", deep__in__c="from .. import b")
    graph = TWO.graph(tmp_path)
    assert graph["pkg.deep.c"] == {"pkg.b"}
    assert TWO.upward(graph) == ["pkg.b (bottom) imports pkg (top)"]


def test_a_module_in_no_layer_and_a_name_without_a_module_are_found(tmp_path: Path) -> None:
    write(tmp_path, a="", c="")
    graph = TWO.graph(tmp_path)
    assert [module for module in graph if TWO.of(module) == []] == ["pkg.c"]
    assert TWO.unknown(graph) == ["pkg.b", "pkg.deep"]
