"""How much memory this process has, for tests of what a host takes and keeps. Linux tells it."""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

needs_linux = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux")


def resident() -> int:
    """Bytes, now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def memory_within(transient: int, kept: int) -> Iterator[None]:
    """The block takes at most `transient` bytes more than there were before it, and keeps at most `kept`."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # from here on the peak is counted anew
    before = resident()
    yield
    assert _peak() - before < transient
    ctypes.CDLL(None).malloc_trim(0)
    assert resident() - before < kept


def _peak() -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024
