"""Reproducible instances of a plugin for replays."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeAlias

from proxywasm import Plugin
from proxywasm.wire import Program

from ...services import HostServices

if TYPE_CHECKING:
    from ...wasm.engine import Component

START_NS = 1_735_689_600 * 1_000_000_000
"""2025-01-01T00:00:00Z, when the conformance exchanges were recorded."""
SEED = 20250101

Session: TypeAlias = Callable[[HostServices], AbstractContextManager[Program]]
"""Makes a fresh instance of the plugin over the given services, and ends it."""


def native_session(plugin: Plugin[Any]) -> Session:
    """Instances of the plugin in this process; clock and randomness of the standard library repeat for them too."""

    from ...services.frozen_clock import frozen_program  # noqa: PLC0415  # what stops the clock is not imported for replays in Wasm

    return lambda services: contextlib.nullcontext(frozen_program(plugin, services))


def wasm_session(component: Component) -> Session:
    """Instances of a component from `Engine.load`."""
    from ...wasm.component import ComponentProgram  # noqa: PLC0415

    @contextlib.contextmanager
    def session(services: HostServices) -> Iterator[Program]:
        program = ComponentProgram(component, services, reproducible=services.reproducible)
        try:
            yield program
        finally:
            program.close()

    return session
