"""Python source as a syntax tree."""

from __future__ import annotations

import ast
import io
import tokenize


def parse_source(source: bytes) -> ast.Module:
    """Raises `SyntaxError` for all source that Python cannot read, also for other encodings and too deep nesting."""
    _check_encoding(source)
    try:
        return ast.parse(source)
    except SyntaxError:
        raise
    except (ValueError, RecursionError, MemoryError) as error:
        reason = str(error) if isinstance(error, ValueError) else "the source is nested too deeply"
        raise SyntaxError(reason) from None


def _check_encoding(source: bytes) -> None:
    """Refuse bytes that are not in the file's encoding, also in comments, where only some versions of Python check
    it."""
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(source).readline)[0]
    except SyntaxError:
        # Of the first two lines: no such encoding, or not UTF-8.
        encoding = "utf-8"
    try:
        source.decode(encoding)
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        byte = source[error.start]
        raise SyntaxError(
            f"the byte 0x{byte:02x} is not {encoding}; save the file as UTF-8, or declare its encoding at the top",
            ("<source>", line, None, None),
        ) from None
