"""Import the sources of native plugins again, as they are now, beside what runs from them already."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ...building.staging import StagingError, collect

_OURS = frozenset({"proxywasm", "proxywasm_host"})


@contextmanager
def fresh_imports(sources: Iterable[Path]) -> Iterator[None]:
    """Within it, the first import of these sources, and of what lies beside them, reads their files.

    Functions that run keep the modules that they have. If an import raises, those are back afterwards.
    """
    tops = {top for source in sources for top in _modules_of(source)}
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in tops}
    settings = sys.dont_write_bytecode, sys.pycache_prefix
    for name in before:
        del sys.modules[name]
    importlib.invalidate_caches()
    # Python compares the seconds of files with those of its compiled ones: of two saves in a second it takes the first.
    sys.dont_write_bytecode, sys.pycache_prefix = True, "/nowhere"
    try:
        yield
    except BaseException:
        for name in [name for name in sys.modules if name.partition(".")[0] in tops]:
            del sys.modules[name]
        sys.modules.update(before)
        raise
    finally:
        sys.dont_write_bytecode, sys.pycache_prefix = settings


def _modules_of(source: Path) -> Iterator[str]:
    """The top-level modules that lie in the folder of the source."""
    folder = source.resolve().parent
    yield source.resolve().stem
    try:
        files = collect(source).files
    except StagingError:  # its import says what is wrong
        return
    for name, file in files.items():
        top = name.partition("/")[0].removesuffix(".py")
        if top not in _OURS and file.is_relative_to(folder):
            yield top
