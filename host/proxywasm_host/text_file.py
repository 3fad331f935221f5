"""Reading what people write."""

from __future__ import annotations

from pathlib import Path


def read_text(path: Path, error: type[Exception]) -> str:
    """A UTF-8 file; if it cannot be read, raises `error` with the path and the reason."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as reason:
        raise error(f"{path}: cannot be read: {reason.strerror}") from None
    except UnicodeDecodeError as reason:
        raise error(f"{path}: is not UTF-8 text: {reason.reason} at byte {reason.start}") from None
