"""Engines, and two plugins for them: one without the SDK, and one that misbehaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from tests.bundle import FAULTY, become

from proxywasm.wire import Host
from proxywasm_host.wasm.component import ComponentProgram
from proxywasm_host.wasm.engine import Component, Engine

MakeFaulty: TypeAlias = Callable[..., ComponentProgram]
"""Makes an instance of the plugin that misbehaves on request, with the arguments of `ComponentProgram`."""


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine(optimize=False)


@pytest.fixture(scope="session")
def plugin(engine: Engine, plain_guest: Path) -> Component:
    return engine.load(plain_guest)


@pytest.fixture(scope="session")
def faulty(engine: Engine, bundle_component: Path) -> MakeFaulty:
    component = engine.load(bundle_component)
    return lambda services, **options: faulty_program(component, services, **options)


def faulty_program(component: Component, services: Host, **options: Any) -> ComponentProgram:
    program: ComponentProgram = become(ComponentProgram(component, services, **options), FAULTY)
    return program
