"""Start the behaviours natively and in Wasm: one test body, run both ways."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from tests.bundle import BEHAVIOURS, become
from tests.sdk.driving import Start

from proxywasm.adapters.native import load_plugin
from proxywasm.wire import LogLevel, Program
from proxywasm_host.services import HostServices
from proxywasm_host.services.frozen_clock import frozen_program
from proxywasm_host.stream import Runner
from proxywasm_host.wasm.component import ComponentProgram
from proxywasm_host.wasm.engine import Component, Engine


@pytest.fixture(scope="session")
def component(bundle_component: Path) -> Component:
    return Engine(optimize=False).load(bundle_component)


@pytest.fixture
def start(flavour: str, request: pytest.FixtureRequest) -> Iterator[Start]:
    with contextlib.ExitStack() as stack:

        def make(services: HostServices) -> Program:
            if flavour == "wasm":
                component = request.getfixturevalue("component")
                program = become(ComponentProgram(component, services, reproducible=services.reproducible), BEHAVIOURS)
                stack.callback(program.close)
                return cast("Program", program)
            return frozen_program(load_plugin(BEHAVIOURS), services)

        def start(
            behaviour: str,
            config: dict[str, Any] | None = None,
            services: HostServices | None = None,
            **runner: Any,
        ) -> Runner:
            services = services or HostServices()
            program = make(services)
            program.configure(json.dumps({"do": behaviour, **(config or {})}), LogLevel.INFO)
            return Runner(program, services, **runner)

        yield start
