"""Tell the gateway's compiler which branches of CPython are taken; the data is in `proxy_wasm.hints`."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ..component import Instantiated
from ..hints import recorded_hints
from ..module import put_hints
from ..parts import Parts
from .interface import Optimisation


def _hint(parts: Parts) -> Parts:
    for index, instance in enumerate(parts.component.core_instances):
        # Hints are for the unchanged library. Those of functions that were replaced are dropped.
        if isinstance(instance, Instantiated) and (hints := recorded_hints(instance.module)):
            parts = replace(parts, modules=parts.with_module(index, put_hints(parts.module(index), hints)))
    return parts


BRANCH_HINTS: Final = Optimisation("branch-hints", "says which branches of CPython are taken", _hint)
