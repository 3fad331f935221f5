"""Before the first test of a run, everything is built that its tests need; see `tests/artefacts.py`."""

from __future__ import annotations

import gc
import json
import os
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests import artefacts
from tests.bundle import PLUGINS, BundleStart

from proxywasm_host.building.build import BuildError
from proxywasm_host.testing import envoy
from proxywasm_host.testing.gateways import Start
from proxywasm_host.testing.programs import FLAVOURS, component_start

NEEDS = "artefacts"
"""The key, in what xdist hands to its workers, of the folder where they say what their tests need."""

COMPILES = "compiles first"
"""The key there of the worker that all others wait for."""

_needs: pytest.StashKey[Path] = pytest.StashKey()
"""That folder, in the process that has the workers."""
_started: pytest.StashKey[Future[None]] = pytest.StashKey()
"""Builds that have begun before it is known what the tests need."""
_fresh: pytest.StashKey[bool] = pytest.StashKey()
"""No run has compiled the tests before."""
_made: pytest.StashKey[bool] = pytest.StashKey()

_IN_WASM = {"session": "ai_proxy_component", "how": "ai_proxy_component", "start": "bundle_component"}
"""What a fixture asks for only where it, or one that it uses, has the parameter `wasm`."""


# Plugins in `tests.bundle.PLUGINS` start from the bundle; any other plugin is built when its test starts it.


def _bundled(flavour: str, bundle: Callable[[], Start]) -> None:
    alone = FLAVOURS[flavour]
    FLAVOURS[flavour] = lambda path: BundleStart(bundle(), path) if path in PLUGINS else alone(path)


def _in_envoy() -> Start:
    return envoy.EnvoyStart("bundle", artefacts.bundle_module())


_bundled("wasm", lambda: component_start(artefacts.bundle_component()))
_bundled("envoy", _in_envoy)


# Collecting.


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Collect without garbage collection, and leave what is there out of all later ones.

    Modules, parameters and tests are millions of objects, which stay to the end. Each process would look through them
    again and again, for nearly half of the time that collecting takes.
    """
    _wait_for_the_first(session.config)
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def _wait_for_the_first(config: pytest.Config) -> None:
    """In a fresh clone one worker compiles all modules, and the others find them, while the first builds run."""
    worker: dict[str, Any] = getattr(config, "workerinput", {})
    first = worker.get(COMPILES)
    if first is None or first == worker["workerid"]:
        return
    end = time.monotonic() + _PATIENCE
    while not Path(worker[NEEDS], first).exists() and time.monotonic() < end:
        time.sleep(0.1)


_PATIENCE = 120.0
"""Seconds. A worker that waits for one that is lost has to go on."""


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    if config.option.dist != "loadfile":
        return None
    from tests.scheduling import Scheduling  # noqa: PLC0415  # xdist may be absent

    return Scheduling(config, log)


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """One process more than processors: tests in Envoy, and tests of commands, wait for a part of their time."""
    return (yield) + 1


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
    """What a fixture sets in the environment would be there for all tests until it ends: a cache of its own, for
    example, in which they build everything again."""
    if fixturedef.scope == "function":
        return (yield)
    before = dict(os.environ)
    value = yield
    assert dict(os.environ) == before, f"the fixture {fixturedef.argname} changes the environment of other tests"
    return value


# What the tests of a run need.


def _needed_by(item: pytest.Item) -> Iterator[str]:
    """By name. A fixture that holds an artefact is called like it."""
    assert isinstance(item, pytest.Function)
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    if parameters.get("plugin_host") == "wasm":
        yield "bundle_component"
    if parameters.get("plugin_host") == "envoy":
        yield "bundle_module"
    names = set(item.fixturenames)
    yield from names & artefacts.ARTEFACTS.keys()
    if any(isinstance(value, str) and value == "wasm" for value in parameters.values()):
        yield from (_IN_WASM[name] for name in names & _IN_WASM.keys())


@pytest.hookimpl(tryfirst=True)  # before anything is selected by its marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(_needed_by(item)):
            item.add_marker("built")


@pytest.hookimpl(tryfirst=True)  # a worker of xdist tells the others from here that it is ready
def pytest_collection_finish(session: pytest.Session) -> None:
    needed = sorted({name for item in session.items for name in _needed_by(item)})
    worker: dict[str, Any] | None = getattr(session.config, "workerinput", None)
    if worker is None and not session.config.option.collectonly:
        _make(session.config, needed)
    if worker is not None and NEEDS in worker:
        Path(worker[NEEDS], worker["workerid"]).write_text(json.dumps(needed))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    config: pytest.Config = node.config
    if config.option.collectonly:
        return
    if _needs not in config.stash:
        folder = tempfile.TemporaryDirectory(prefix="proxywasm-needs-")
        config.add_cleanup(folder.cleanup)
        config.stash[_needs] = Path(folder.name)
        config.stash[_fresh] = not any((config.rootpath / "tests" / "__pycache__").glob("test_*.pyc"))
        if _has_all_tests(config):
            config.stash[_started] = ThreadPoolExecutor(1).submit(_make, config, artefacts.IN_THE_SUITE)
    node.workerinput[NEEDS] = str(config.stash[_needs])
    if config.stash[_fresh]:
        node.workerinput[COMPILES] = "gw0"


def _has_all_tests(config: pytest.Config) -> bool:
    """Then what they need is known before they are collected."""
    option = config.option
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not option.keyword
    return everything and option.markexpr == "not exhaustive" and option.proxywasm == "all"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any) -> None:
    """All workers have the same tests, so what the first says is enough. Tests begin after this."""
    config: pytest.Config = node.config
    if _needs in config.stash and _made not in config.stash:
        config.stash[_made] = True
        names = json.loads((config.stash[_needs] / node.gateway.id).read_text())
        if _started in config.stash and config.stash[_started].exception() is None:
            names = [name for name in names if name not in artefacts.IN_THE_SUITE]
        _make(config, names)  # also what has failed, so that it ends the run


def _make(config: pytest.Config, names: list[str]) -> None:
    if envoy.missing():
        names = [name for name in names if not name.endswith("_module")]  # their tests are skipped
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    try:
        artefacts.make(names, terminal.write_line if terminal else lambda _: None)
    except BuildError as error:
        pytest.exit(f"what the tests need cannot be built: {error}", returncode=pytest.ExitCode.INTERNAL_ERROR)
