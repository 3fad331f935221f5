"""A program that answers each call as a test has written it down, legal or not, and a runner for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from proxywasm.wire import Program
from proxywasm_host.services import HostServices
from proxywasm_host.stream import Runner


class Scripted:
    """`answer` is asked for each call with its name and arguments. What it raises, the program raises."""

    def __init__(self, answer: Callable[..., Any]) -> None:
        self._answer = answer

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *args: self._answer(name, *args)


def scripted(answer: Callable[..., Any], *, fail_open: bool = False) -> Runner:
    return Runner(cast("Program", Scripted(answer)), HostServices(start_ns=0), fail_open=fail_open)
