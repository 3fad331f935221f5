"""Small guests without the SDK, built and compiled once per change of their source."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from proxywasm_host.build import build
from proxywasm_host.engine import Component, Engine

GUESTS = Path(__file__).parent / "guests"
WIT = Path(__file__).parents[2] / "wit"


def build_guest(config: pytest.Config, source: Path, wit: Path, world: str) -> Path:
    assert config.cache is not None
    inputs = sorted([*source.glob("*.py"), *wit.glob("*.wit")])
    digest = hashlib.sha256(version("componentize-py").encode())
    for path in inputs:
        digest.update(path.read_bytes())
    built = config.cache.mkdir("guests") / f"{source.name}-{digest.hexdigest()[:16]}.wasm"
    if not built.exists():
        work = built.with_suffix("")
        # A copy, because componentize-py leaves `__pycache__` in the source.
        shutil.copytree(source, work, dirs_exist_ok=True)
        tool = Path(sys.executable).with_name("componentize-py")
        subprocess.run(
            [tool, "-d", wit, "-w", world, "componentize", "app", "-p", work, "-o", work / "out.wasm"],
            check=True,
            capture_output=True,
        )
        (work / "out.wasm").replace(built)
        shutil.rmtree(work)
    return built


@pytest.fixture(scope="session")
def engine(pytestconfig: pytest.Config) -> Iterator[Engine]:
    assert pytestconfig.cache is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROXYWASM_CACHE_DIR", str(pytestconfig.cache.mkdir("compiled")))
        yield Engine()


@pytest.fixture(scope="session")
def plugin_file(pytestconfig: pytest.Config) -> Path:
    """A component for the world `http-plugin`."""
    return build_guest(pytestconfig, GUESTS / "http_plugin", WIT, "http-plugin")


@pytest.fixture(scope="session")
def values_file(pytestconfig: pytest.Config) -> Path:
    """A component for the world `values` of the tests."""
    return build_guest(pytestconfig, GUESTS / "values", GUESTS / "values", "values")


@pytest.fixture(scope="session")
def plugin(engine: Engine, plugin_file: Path) -> Component:
    return engine.load(plugin_file)


@pytest.fixture(scope="session")
def faulty_file(engine: Engine) -> Path:
    """A plugin written with the SDK that misbehaves on request. Built in the folder where `engine` keeps its files."""
    del engine
    return build(GUESTS / "faulty.py").path


@pytest.fixture(scope="session")
def faulty(engine: Engine, faulty_file: Path) -> Component:
    return engine.load(faulty_file)
