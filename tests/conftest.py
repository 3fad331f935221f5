"""What tests of several folders share: what has been built for them, and ai-proxy natively and in Wasm."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from tests import artefacts

import ai_proxy
from proxywasm_host.building.proxy_wasm import LoweringError
from proxywasm_host.building.proxy_wasm.tools import find_node
from proxywasm_host.recordings.bodies import is_event_stream
from proxywasm_host.recordings.exchange import Exchange
from proxywasm_host.recordings.replay import Session, native_session, wasm_session
from proxywasm_host.wasm.engine import Component, Engine

ROOT = Path(__file__).parents[1]

# No property has a time limit: how long an example takes depends on what else the machine does. The suite tries the
# same examples in each run, so that it fails only for what has changed; `--hypothesis-profile=random` tries new ones,
# also with values that it finds in the source of all modules. Which are loaded depends on the tests that run, and to
# read them takes each process a second; so the suite does without.
settings.register_profile("random", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("suite", settings.get_profile("random"), derandomize=True, max_examples=50)
settings.load_profile("suite")
_found_in_modules, _nothing = providers._get_local_constants, providers._local_constants
providers._get_local_constants = lambda: (
    _nothing if settings.get_current_profile_name() == "suite" else _found_in_modules()
)


_MANY: Final = 50
_ONE_OF: Final = 5
"""Not an even number: cases come in pairs."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    _leave_out_in_wasm(items)
    _leave_out_in_envoy(items)
    places = _places(items)
    items.sort(key=lambda item: places[item.path])


def _places(items: list[pytest.Item]) -> dict[Path, int]:
    """The order of the files. Those that take long come first: a process that is left with one at the end works alone.
    Those in Envoy wait, and others that take long compute, so they take turns: processes run some of both at a time."""
    files: dict[Path, set[str]] = {}
    for item in items:
        files.setdefault(item.path, set()).update(mark.name for mark in item.iter_markers())
    waiting = [file for file, marks in files.items() if "envoy" in marks]
    computing = [file for file, marks in files.items() if "slow" in marks and "envoy" not in marks]
    places = {file: 2 * number for number, file in enumerate(waiting)}
    places |= {file: 2 * number + 1 for number, file in enumerate(computing)}
    return {file: places.get(file, 2 * len(files)) for file in files}


def _leave_out_in_wasm(items: list[pytest.Item]) -> None:
    """Of a test of ai-proxy with many cases, all run natively, and some in Wasm unless asked for: the first exchange
    of each kind, and one of so many other cases."""
    cases: dict[tuple[Path, str], list[tuple[pytest.Item, dict[str, object]]]] = {}
    for item in items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if parameters.get("flavour") == "wasm" and item.get_closest_marker("exhaustive") is None:
            test = (item.path, getattr(item, "originalname", item.name))
            cases.setdefault(test, []).append((item, parameters))
    for found in cases.values():
        tried = set()
        for number, (item, parameters) in enumerate(found if len(found) > _MANY else []):
            exchange = parameters.get("exchange")
            kind = _kind_of(exchange) if isinstance(exchange, Exchange) else number // _ONE_OF
            if kind in tried:
                item.add_marker("exhaustive")
            tried.add(kind)


def _kind_of(exchange: Exchange) -> tuple[str, str, str | None, bool]:
    """The provider, the path without a name of a model, the status of its answer, and whether it is a stream."""
    provider = re.search(r'"type": *"([\w-]+)"', exchange.config)
    path = dict(exchange.request.headers).get(":path", "").partition("?")[0]
    answer = exchange.response.headers if exchange.response else []
    return (
        provider[1] if provider else "",
        re.sub(r"(?<=/model[/s])/?[^/:]+", "", path),
        dict(answer).get(":status"),
        is_event_stream(answer),
    )


def _leave_out_in_envoy(items: list[pytest.Item]) -> None:
    """Of a test with several cases, only the first runs in Envoy unless asked for."""
    tried: set[tuple[Path, str]] = set()
    for item in items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if parameters.get("plugin_host") == "envoy":
            test = (item.path, getattr(item, "originalname", item.name))
            if test in tried:
                item.add_marker("exhaustive")
            tried.add(test)


# Each by the name that it has in `artefacts.ARTEFACTS`.


@pytest.fixture(scope="session")
def ai_proxy_component() -> Path:
    return artefacts.ai_proxy_component()


@pytest.fixture(scope="session")
def bundle_component() -> Path:
    return artefacts.bundle_component()


@pytest.fixture(scope="session")
def higress_component() -> Path:
    return artefacts.higress_component()


@pytest.fixture(scope="session")
def proxy_wasm_component() -> Path:
    return artefacts.proxy_wasm_component()


@pytest.fixture(scope="session")
def plain_guest() -> Path:
    return artefacts.plain_guest()


@pytest.fixture(scope="session")
def values_guest() -> Path:
    return artefacts.values_guest()


@pytest.fixture(scope="session")
def ai_proxy_module() -> Path:
    _needs_node()
    return artefacts.ai_proxy_module()


@pytest.fixture(scope="session")
def bundle_module() -> Path:
    _needs_node()
    return artefacts.bundle_module()


def _needs_node() -> None:
    try:
        find_node()
    except LoweringError as error:
        pytest.skip(str(error))


# ai-proxy.


@pytest.fixture(scope="session", params=["native", "wasm"])
def flavour(request: pytest.FixtureRequest) -> str:
    """A test that uses this, or `session`, runs natively and in Wasm."""
    return str(request.param)


@pytest.fixture(scope="session")
def ai_proxy_code(ai_proxy_component: Path) -> Component:
    return Engine().load(ai_proxy_component)


@pytest.fixture(scope="session")
def session(flavour: str, request: pytest.FixtureRequest) -> Session:
    """Makes instances of ai-proxy."""
    if flavour == "native":
        return native_session(ai_proxy.plugin)
    return wasm_session(request.getfixturevalue("ai_proxy_code"))
