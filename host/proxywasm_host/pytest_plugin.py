"""The pytest plugin: the fixture `plugin_host` runs each test that uses it natively, in Wasm, and in Envoy.

It is loaded in every run of pytest where proxywasm is installed. So it is a module outside of `testing`, and imports
the kit when a test first needs it.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .testing import PluginHosts, TestHost

CHOICES = {
    "native": ("native",),
    "wasm": ("wasm",),
    "envoy": ("envoy",),
    "both": ("native", "wasm"),
    "all": ("native", "wasm", "envoy"),
}

_ENVOY = "proxywasm_host.testing.envoy"

_hosts: pytest.StashKey[list[TestHost]] = pytest.StashKey()
"""Key in the stash of the session for the hosts that the running test has started."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("proxywasm").addoption(
        "--proxywasm",
        choices=CHOICES,
        default="both",
        help="how tests with the fixture `plugin_host` run their plugin: in this Python process (native), "
        "as a WebAssembly component (wasm), in a real Envoy (envoy), in the first two (both, the default), or in each "
        "(all)",
    )


class _Builds(logging.Handler):
    """Says when a build begins and ends: it takes up to minutes, in which pytest shows nothing."""

    def __init__(self, config: pytest.Config) -> None:
        super().__init__()
        self._capture = config.pluginmanager.get_plugin("capturemanager")
        self._terminal = config.pluginmanager.get_plugin("terminalreporter")

    def emit(self, record: logging.LogRecord) -> None:
        if not (self._terminal and self._capture):  # a worker of pytest-xdist
            return
        streams = sys.stdin, sys.stdout, sys.stderr
        with self._capture.global_and_fixture_disabled():
            self._terminal.ensure_newline()
            self._terminal.write_line(record.getMessage())
        sys.stdin, sys.stdout, sys.stderr = streams  # the test may have replaced them


def pytest_sessionstart(session: pytest.Session) -> None:
    log, handler = logging.getLogger("proxywasm.build"), _Builds(session.config)
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    session.config.add_cleanup(lambda: log.removeHandler(handler))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "envoy: starts a real Envoy")
    config.addinivalue_line("markers", "not_in_envoy(reason): needs what a real gateway cannot do; no module is built")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "plugin_host" in metafunc.fixturenames:
        flavours = [
            pytest.param("envoy", marks=_envoy_marks(metafunc.definition)) if flavour == "envoy" else flavour
            for flavour in CHOICES[metafunc.config.getoption("--proxywasm")]
        ]
        metafunc.parametrize("plugin_host", flavours, indirect=True, scope="module")


def _envoy_marks(test: pytest.Item) -> list[pytest.MarkDecorator]:
    not_there = test.get_closest_marker("not_in_envoy")
    skip = [pytest.mark.skip(reason=not_there.args[0])] if not_there else []
    return [pytest.mark.envoy, *skip]


@pytest.fixture(scope="module")
def plugin_host(request: pytest.FixtureRequest) -> PluginHosts:
    """Starts plugins in the flavour of the test: `host = plugin_host("my_plugin.py", {...})` gives a `TestHost`.

    Of module scope, so that it goes with hypothesis: an example is not a test of its own.
    """
    from .testing import PluginHosts  # noqa: PLC0415

    if request.param == "envoy":
        from .testing import envoy  # noqa: PLC0415

        if reason := envoy.missing():
            pytest.skip(reason)
    return PluginHosts(request.param, request.path.parent, request.session.stash.setdefault(_hosts, []))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed shows what the plugin has logged.

    What is shown is text that pytest-xdist can send between its processes; a plugin may log half an emoji, natively by
    `logging` as well, which pytest shows itself.
    """
    report = yield
    if call.when != "teardown" and report.failed:
        for host in item.session.stash.get(_hosts, []):
            if host.logs:
                report.sections.append(("Plugin log", "\n".join(str(record) for record in host.logs)))
    report.sections = [(title, text.encode(errors="backslashreplace").decode()) for title, text in report.sections]
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """End what the test has started; a plugin that raises in `on_stream_done` is an error of the test, and of no other:
    what else belongs to the end of this test is done all the same.
    """
    try:
        _end_hosts(item)
    finally:
        yield


def _end_hosts(item: pytest.Item) -> None:
    hosts = item.session.stash.get(_hosts, [])
    with contextlib.ExitStack() as stack:
        if envoy := sys.modules.get(_ENVOY):
            stack.callback(envoy.end_of_test)
        while hosts:
            stack.callback(hosts.pop(0).close)


def pytest_sessionfinish() -> None:
    if envoy := sys.modules.get(_ENVOY):
        envoy.close()
