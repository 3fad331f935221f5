"""The pytest plugin: the fixture `plugin_host` runs each test that uses it natively and in Wasm.

It is loaded in every run of pytest where proxywasm is installed. So it stands outside of `testing`, and the kit is
imported when a test first needs it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .testing import PluginHosts, TestHost

CHOICES = {"native": ("native",), "wasm": ("wasm",), "both": ("native", "wasm")}

_hosts: pytest.StashKey[list[TestHost]] = pytest.StashKey()
"""In the stash of the session: what the running test has started."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("proxywasm").addoption(
        "--proxywasm",
        choices=CHOICES,
        default="both",
        help="how tests with the fixture `plugin_host` run their plugin: in this Python process (native), "
        "as a WebAssembly component (wasm), or once in each (both, the default)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "plugin_host" in metafunc.fixturenames:
        flavours = CHOICES[metafunc.config.getoption("--proxywasm")]
        metafunc.parametrize("plugin_host", flavours, indirect=True, scope="module")


@pytest.fixture(scope="module")
def plugin_host(request: pytest.FixtureRequest) -> PluginHosts:
    """Starts plugins natively and in Wasm: `host = plugin_host("my_plugin.py", {...})` gives a `TestHost`.

    Of module scope, so that it goes with hypothesis: an example is not a test of its own.
    """
    from .testing import PluginHosts  # noqa: PLC0415

    return PluginHosts(request.param, request.path.parent, request.session.stash.setdefault(_hosts, []))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed shows what the plugin has logged."""
    report = yield
    if call.when != "teardown" and report.failed:
        for host in item.session.stash.get(_hosts, []):
            if host.logs:
                report.sections.append(("Plugin log", "\n".join(str(record) for record in host.logs)))
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """End what the test has started; a plugin that raises in `on_stream_done` is an error of the test."""
    hosts = item.session.stash.get(_hosts, [])
    with contextlib.ExitStack() as stack:
        while hosts:
            stack.callback(hosts.pop(0).close)
