"""What tests of several folders share: the flagship as a component, and one test body for both ways of running it."""

from __future__ import annotations

from pathlib import Path

import pytest

import ai_proxy
from proxywasm_host.build import build
from proxywasm_host.engine import Engine
from proxywasm_host.replay import Session, native_session, wasm_session

ROOT = Path(__file__).parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those in Envoy come first: they take longest, and a process that is left with them at the end works alone."""
    items.sort(key=lambda item: item.get_closest_marker("envoy") is None)


@pytest.fixture(scope="session")
def ai_proxy_wasm() -> Path:
    """The component, built at most once per change of its sources."""
    return build(ROOT / "plugins" / "ai_proxy").path


@pytest.fixture(scope="session", params=["native", "wasm"])
def flavour(request: pytest.FixtureRequest) -> str:
    """A test that uses this, or `session`, runs natively and in Wasm."""
    return str(request.param)


@pytest.fixture(scope="session")
def session(flavour: str, request: pytest.FixtureRequest) -> Session:
    """Makes instances of ai-proxy."""
    if flavour == "native":
        return native_session(ai_proxy.plugin)
    wasm: Path = request.getfixturevalue("ai_proxy_wasm")
    return wasm_session(Engine().load(wasm))
