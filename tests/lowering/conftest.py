"""A component to take apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxywasm_host.build import ABIS, build_component

PLUGIN = Path(__file__).parents[1] / "envoy" / "features.py"


@pytest.fixture(scope="session")
def component() -> Path:
    return build_component(PLUGIN, ABIS["0.2.1"]).path
