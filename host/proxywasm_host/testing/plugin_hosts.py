"""The value of the fixture `plugin_host`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..building.named import plugin_path
from .gateways import Start
from .host import Config, TestHost
from .programs import FLAVOURS
from .recordings import check_recording
from .traffic import ScenarioError


class PluginHosts:
    """Call it to start a plugin in the flavour of the running test.

    ```python
    def test_greets(plugin_host: PluginHosts) -> None:
        host = plugin_host("hello.py", {"name": "you"})
        assert host.request().upstream.headers["x-hello"] == "you"
    ```

    A chain of plugins is a list, and so are its configurations: `plugin_host(["auth.py", "hello.py"], [{...}, {...}])`.
    A path is relative to the folder of the test; an installed plugin may be given by its name, such as `ai_proxy`.
    A component is built once, and again when its source changes. Hosts
    are closed at the end of the test; a test that starts many of them uses `with plugin_host(...) as host:`.

    Attributes:
        flavour: `native`, `wasm` or `envoy`.
    """

    def __init__(self, flavour: str, folder: Path, started: list[TestHost]) -> None:
        self.flavour = flavour
        self._folder = folder
        self._started = started
        self._starts: dict[Path, Start] = {}

    def __call__(
        self,
        plugin: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        config: Config | Sequence[Config] = None,
        **options: Any,
    ) -> TestHost:
        """Start the plugin, or a chain of them; options are those of `TestHost`."""
        __tracebackhide__ = True
        host = TestHost(self._starts_of(plugin), config, **options)
        self._started.append(host)
        return host

    def replay(
        self,
        plugin: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        recording: str | os.PathLike[str],
        *,
        only: str = "",
    ) -> None:
        """Replay an exchange file through the plugin, or a chain of them, and compare with what it expects.

        `only`: exchanges with this in their name.
        """
        __tracebackhide__ = True
        check_recording(self._starts_of(plugin), self._folder / recording, only=only)

    def _starts_of(self, plugins: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> list[Start]:
        __tracebackhide__ = True
        return [self._start(each) for each in ([plugins] if isinstance(plugins, str | os.PathLike) else plugins)]

    def _start(self, plugin: str | os.PathLike[str]) -> Start:
        __tracebackhide__ = True
        path = plugin_path(os.fspath(plugin), self._folder).resolve()
        if not path.exists():
            raise ScenarioError(f"there is no plugin {plugin} in {self._folder}")
        if path not in self._starts:
            self._starts[path] = FLAVOURS[self.flavour](path)
        return self._starts[path]
