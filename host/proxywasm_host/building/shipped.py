"""The plugins that come with proxywasm, in one component.

Each component contains CPython. A chain of six components executes six copies of it, so each call finds the caches of
the processor full of the code of the others. One component that contains several plugins is built and compiled once;
its instances, of which each becomes one of the plugins when it is configured, execute the same code.
docs/performance.md says how to measure what that brings.

Plugins of users have a component each: they are built again when they change, and may not be importable together.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final

from .staging import installed

SHIPPED: Final = ("ai_proxy", "ai_quota", "ai_statistics", "ai_token_ratelimit", "key_auth", "request_ratelimit")


def shipped_together(sources: Collection[Path]) -> tuple[Path, ...]:
    """The plugins to build into one component, for a chain of these sources: all that come with proxywasm, whichever of
    them the chain has, so that it is built once. Empty if the chain has fewer than two of them.
    """
    shipped = [path.resolve() for name in SHIPPED if (path := installed(name)) is not None]
    used = {source.resolve() for source in sources}.intersection(shipped)
    return tuple(shipped) if len(used) > 1 else ()
