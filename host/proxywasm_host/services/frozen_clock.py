"""Native plugins with a frozen clock and repeatable random numbers.

A component gets both from its host through WASI. Here the standard library is patched during each call of the plugin,
so that its driver (a test, pytest, hypothesis) keeps the real clock and its own random numbers.
"""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, cast

import time_machine

from proxywasm import Plugin
from proxywasm.adapters.native import native_program
from proxywasm.wire import Program

from . import HostServices, random_state
from .call_time import CALL_TIME, CallTime


def frozen_program(plugin: Plugin[Any], services: HostServices, call_time: float = CALL_TIME) -> Program:
    """The plugin as a program of these services. A call that computes for longer than `call_time` seconds raises
    `ProgramLost`, as in Wasm.

    If the services have a frozen clock, `time.time()`, `datetime.now()`, `random`, `uuid`, `secrets` and `os.urandom`
    repeat for the plugin. `random.Random()` without a seed stays random: it asks the system without Python code.
    """
    # Inside of the frozen clock: stopping the plugin must not stop the code that sets the clock back.
    program = around(native_program(plugin, services), lambda: CallTime(call_time))
    return around(program, _FrozenTime(services).entered) if services.reproducible else program


def around(program: Program, enter: Callable[[], AbstractContextManager[None]]) -> Program:
    """The program, with something around each of its calls."""
    return cast("Program", _Around(program, enter))


class _Around:
    def __init__(self, program: Program, enter: Callable[[], AbstractContextManager[None]]) -> None:
        self._program, self._enter = program, enter

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._program, name)

        def call(*args: Any) -> Any:
            with self._enter():
                return method(*args)

        return call


class _FrozenTime:
    def __init__(self, services: HostServices) -> None:
        self._services = services
        self._random = random_state.seeded(int.from_bytes(services.random_bytes(32)))
        self._travel = time_machine.travel(0, tick=False)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        services = self._services
        urandom, system_urandom, state = os.urandom, random._urandom, random_state.save()  # type: ignore[attr-defined]
        # As a number of seconds it would lose what is below a microsecond.
        self._travel.destination_timestamp_ns = services.now()
        with self._travel:
            os.urandom = random._urandom = services.random_bytes  # type: ignore[attr-defined]
            random_state.restore(self._random)
            try:
                yield
            finally:
                self._random = random_state.save()
                os.urandom, random._urandom = urandom, system_urandom  # type: ignore[attr-defined]
                random_state.restore(state)
