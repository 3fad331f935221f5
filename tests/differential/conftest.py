"""Both plugins in one Envoy; all exchanges that are selected go through it in one run."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.artefacts import AI_PROXY_SOURCE

from benchmarks.envoy.go_plugin import GoPluginError, go_plugin
from proxywasm_host.building.build import build_module
from proxywasm_host.gateway.envoy import EnvoyError, find_envoy
from proxywasm_host.recordings.exchange import Exchange

from .results import Result
from .side_by_side import run

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def results(request: pytest.FixtureRequest) -> dict[str, dict[str, Result]]:
    """By the exchange's name, and then `go` and `python`."""
    ours = [item for item in request.session.items if isinstance(item, pytest.Function) and item.path.parent == HERE]
    try:
        find_envoy()
        modules = {"go": go_plugin(), "python": build_module(AI_PROXY_SOURCE).path}
    except (EnvoyError, GoPluginError) as error:
        pytest.skip(str(error))
    exchanges = [item.callspec.params["exchange"] for item in ours if hasattr(item, "callspec")]
    return run([exchange for exchange in exchanges if isinstance(exchange, Exchange)], modules)
