"""Before the first test of a run, everything is built that its tests need; see `tests/artefacts.py`."""

from __future__ import annotations

import gc
import json
import tempfile
from collections.abc import Callable, Generator, Iterator
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

_needs: pytest.StashKey[Path] = pytest.StashKey()
"""That folder, in the process that has the workers."""
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
def pytest_collection() -> Generator[None, object, object]:
    """Collect without garbage collection, and leave what is there out of all later ones.

    Modules, parameters and tests are millions of objects, which stay to the end. Each process would look through them
    again and again, for nearly half of the time that collecting takes.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


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
    node.workerinput[NEEDS] = str(config.stash[_needs])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any) -> None:
    """All workers have the same tests, so what the first says is enough. Tests begin after this."""
    config: pytest.Config = node.config
    if _needs in config.stash and _made not in config.stash:
        config.stash[_made] = True
        _make(config, json.loads((config.stash[_needs] / node.gateway.id).read_text()))


def _make(config: pytest.Config, names: list[str]) -> None:
    if envoy.missing():
        names = [name for name in names if not name.endswith("_module")]  # their tests are skipped
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    try:
        artefacts.make(names, terminal.write_line if terminal else lambda _: None)
    except BuildError as error:
        pytest.exit(f"what the tests need cannot be built: {error}", returncode=pytest.ExitCode.INTERNAL_ERROR)
