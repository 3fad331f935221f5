"""The rows of the table of limits, from the docstrings of `ai_proxy.wire.limits`."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from ai_proxy.wire import limits

_MIB: Final = 1024 * 1024
_KIB: Final = 1024


def rows() -> list[tuple[str, str, str]]:
    """What is limited, the limit, and what happens beyond it. Raises `ValueError` for a limit that does not say so."""
    found = []
    for name, text in _documented():
        items = [line.removeprefix("* ").split(" | ") for line in text.splitlines() if line.startswith("* ")]
        if not items or any(len(item) != 2 for item in items):
            raise ValueError(f"limits.{name}: its docstring has no list of `* what is limited | what happens beyond`")
        found += [(what, _shown(getattr(limits, name), text), beyond) for what, beyond in items]
    return found


def _documented() -> Iterator[tuple[str, str]]:
    """The public constants and the strings behind them."""
    for statement, following in pairwise(ast.parse(inspect.getsource(limits)).body):
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        name = statement.target.id
        if not name.startswith("_"):
            is_text = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            yield name, inspect.cleandoc(str(following.value.value)) if is_text else ""  # type: ignore[attr-defined]


def _shown(value: int, text: str) -> str:
    size = f"{value // _MIB} Mi" if value >= _MIB else f"{value // _KIB} Ki"
    if text.startswith("Bytes"):
        return f"{size}B"
    return f"{size} characters" if text.startswith("Characters") else f"{value:,}"
