"""What tests of several folders share: what has been built for them, and ai-proxy natively and in Wasm."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from tests import artefacts

import ai_proxy
from proxywasm_host.building.proxy_wasm import LoweringError
from proxywasm_host.building.proxy_wasm.tools import find_node
from proxywasm_host.recordings.replay import Session, native_session, wasm_session
from proxywasm_host.wasm.engine import Component, Engine

ROOT = Path(__file__).parents[1]

# No property has a time limit: how long an example takes depends on what else the machine does. The suite tries the
# same examples in each run, so that it fails only for what has changed; `--hypothesis-profile=random` tries new ones.
settings.register_profile("random", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("suite", settings.get_profile("random"), derandomize=True)
settings.load_profile("suite")


_PROTECTION: Final = frozenset(
    {"ai_common", "ai_quota", "ai_statistics", "ai_token_ratelimit", "key_auth", "request_ratelimit"}
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that take long come first, before all those in Envoy: a process that is left with one at the end works
    alone. Of a test of the plugins for protection with several cases, only the first runs in Envoy unless asked for."""
    tried: set[tuple[Path, str]] = set()
    for item in items:
        if item.path.parent.name in _PROTECTION and item.get_closest_marker("envoy") is not None:
            test = (item.path, getattr(item, "originalname", item.name))
            if test in tried:
                item.add_marker("exhaustive")
            tried.add(test)
    items.sort(key=lambda item: [item.get_closest_marker(mark) is None for mark in ("envoy", "slow")])


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
