"""Python source as a syntax tree."""

from __future__ import annotations

import ast


def parse_source(source: bytes) -> ast.Module:
    """Raises `SyntaxError` for all that Python cannot read, too much in each other included."""
    try:
        return ast.parse(source)
    except SyntaxError:
        raise
    except (ValueError, RecursionError, MemoryError) as error:
        reason = str(error) if isinstance(error, ValueError) else "is nested too deeply"
        raise SyntaxError(reason) from None
