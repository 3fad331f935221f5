"""A gateway file that is loaded again while its Envoy runs."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.parse import quote

from ..model import Gateway
from ..refusals import check_configurations
from ..reloading import Reloader, ReloadLines, ReloadStatus
from ..source import GatewaySource
from .bootstrap import bootstrap, plugin_config
from .clusters import find_ca_file
from .draining import Admin
from .dynamic import CLUSTERS, ROUTES, SECOND_ROUTES, divide, places
from .errors import EnvoyError, NoAnswerError
from .messages import Json
from .modules import build_modules
from .process import write_private
from .stages import SECOND_STAGE

_ANSWER: Final = 300.0
"""Seconds for Envoy to answer. Its main thread compiles modules, and answers nothing meanwhile."""
_WARMING: Final = 10.0
"""Seconds for the names of new upstreams to be looked up, until they are used all the same."""
_PAUSE: Final = 0.02
_STATS: Final = {
    CLUSTERS: "cluster_manager.cds",
    ROUTES: "http.gateway.rds.routes",
    SECOND_ROUTES: f"http.{SECOND_STAGE}.rds.routes",
}
_ENDS: Final = ("update_success", "update_rejected", "update_failure")
_ERROR_KEY: Final = "proxywasm.config.error"


class ChangingEnvoy:
    """The files of one Envoy, and what moves new ones to their places.

    Envoy gets new upstreams first, then plugins and routes, and loses old plugins and upstreams last. If it refuses one
    of the files, all are put back.
    """

    def __init__(
        self,
        source: GatewaySource,
        gateway: Gateway,
        modules: Mapping[str, Path],
        *,
        watch: bool,
        log: Callable[[str], None],
    ) -> None:
        """`watch`: whether a changed file is loaded by itself."""
        self._source = source
        self._first = gateway, modules
        self._most_plugins = places(gateway)
        self._written: dict[str, Json] = {}
        self.reloader = Reloader(
            source,
            gateway,
            errors=(EnvoyError,),
            watch=watch,
            report=ReloadLines(source, log),
            on_status=self._show,
        )
        self.reloader.take = self._take
        self.start, self.request, self.stop = self.reloader.start, self.reloader.request, self.reloader.stop
        self._shows_error = False

    def begin(self, folder: Path, admin: Admin) -> Json:
        """Write the files into the folder; the configuration that leads to them. Raises `EnvoyError`."""
        self._folder = folder
        self._admin = admin
        config, parts = self._divided(*self._first)
        for name, content in parts.items():
            self._write(name, content)
        return config

    def refusal(self) -> str | None:
        """Whether Envoy, which is starting, has refused a file: it would wait for a better one for ever."""
        stats = self._stats(2.0)
        refused = [name for name in self._written if any(stats.get(f"{_stat(name)}.{end}") for end in _ENDS[1:])]
        return f"Envoy refuses {', '.join(refused)}; its log says why" if refused else None

    def _divided(self, gateway: Gateway, modules: Mapping[str, Path]) -> tuple[Json, dict[str, Json]]:
        if len(gateway.plugins) > self._most_plugins:
            raise EnvoyError(f"plugins: more than {self._most_plugins} cannot come while the gateway runs; restart it")
        kept = {
            plugin.name: modules[plugin.name] if plugin.module is None else self._copy(plugin.module)
            for plugin in gateway.plugins
        }
        config = bootstrap(gateway, kept, find_ca_file(gateway), changeable=True)
        return divide(config, self._folder, self._most_plugins)

    def _copy(self, module: Path) -> Path:
        """A module under a name of its content: Envoy reads a file again only if it has another name."""
        try:
            target = self._folder / f"{hashlib.sha256(module.read_bytes()).hexdigest()[:32]}.wasm"
            if not target.exists():
                shutil.copyfile(module, target)
        except OSError as error:
            raise EnvoyError(f"{module}: cannot be read: {error.strerror}") from None
        return target

    def _take(self, gateway: Gateway) -> None:
        check_configurations(gateway, self._source, plugin_config)
        _, parts = self._divided(gateway, build_modules(gateway))
        before = dict(self._written)
        try:
            self._replace(parts)
        except EnvoyError:
            for name in reversed(parts):  # again no request must miss a plugin; see `dynamic.divide`
                self._replace_file(name, before[name], put_back=True)
            raise
        finally:
            self._remove_copies()

    def _replace(self, parts: Mapping[str, Json]) -> None:
        number = self.reloader.status.generation + 1
        self._replace_file(CLUSTERS, _numbered(_joined(parts[CLUSTERS], self._written[CLUSTERS]), number))
        end = time.monotonic() + _WARMING
        while self._stats(_ANSWER).get("cluster_manager.warming_clusters") and time.monotonic() < end:
            time.sleep(_PAUSE)
        for name, content in parts.items():
            if name != CLUSTERS:
                self._replace_file(name, content)
        self._replace_file(CLUSTERS, _numbered(parts[CLUSTERS], number))

    def _replace_file(self, name: str, content: Json, *, put_back: bool = False) -> None:
        """Give Envoy a new file, and wait until it has taken it. Raises `EnvoyError` if it refuses it."""
        if content == self._written[name]:
            return
        stat = _stat(name)
        before = self._stats(_ANSWER)
        self._write(name, content)
        latest = time.monotonic() + _ANSWER
        while not (ends := _counted(before, self._stats(_ANSWER), stat)):
            if time.monotonic() > latest:
                raise EnvoyError(f"Envoy has not looked at the new {name} within {_ANSWER:.0f} seconds")
            time.sleep(_PAUSE)
        if ends != {"update_success"} and not put_back:
            raise EnvoyError(f"Envoy refuses the new {name}; its log says why")

    def _write(self, name: str, content: Json) -> None:
        write_private(self._folder / f"{name}.json", json.dumps(content))
        self._written[name] = content

    def _remove_copies(self) -> None:
        used = json.dumps(self._written)
        for file in self._folder.glob("*.wasm"):
            if file.name not in used:
                file.unlink()

    def _stats(self, seconds: float) -> dict[str, int]:
        """Raises `NoAnswerError`."""
        names = "|".join(["warming_clusters", *(rf"\.{end}" for end in _ENDS)])
        try:
            text = self._admin.ask("GET", f"/stats?filter={quote(f'({names})$', safe='')}", seconds).decode()
        except (OSError, HTTPException) as error:
            raise NoAnswerError(f"Envoy does not answer: {error!r}") from None
        return {name: int(value) for name, value in re.findall(r"^(\S+): (\d+)$", text, re.MULTILINE)}

    def _show(self, status: ReloadStatus) -> None:
        """Envoy's admin interface shows at `/runtime` why the last file was refused, and that there is such a text as
        the metric `runtime.admin_overrides_active`."""
        if status.error or self._shows_error:
            self._shows_error = bool(status.error)
            value = json.dumps(status.error) if status.error else ""  # Envoy reads it as YAML; empty: there is none
            try:
                self._admin.ask("POST", f"/runtime_modify?{_ERROR_KEY}={quote(value, safe='')}", _ANSWER)
            except (OSError, HTTPException):
                return  # it has ended


def _stat(name: str) -> str:
    return _STATS.get(name, f"extension_config_discovery.http_filter.{name}")


def _counted(before: Mapping[str, int], now: Mapping[str, int], stat: str) -> set[str]:
    """How updates have ended since then."""
    return {end for end in _ENDS if now[f"{stat}.{end}"] != before[f"{stat}.{end}"]}


def _joined(clusters: Json, older: Json) -> Json:
    """These clusters, and the older ones whose names they do not have."""
    names = {cluster["name"] for cluster in clusters["resources"]}
    return {"resources": [*clusters["resources"], *_without(older["resources"], names)]}


def _without(clusters: Iterable[Json], names: set[str]) -> list[Json]:
    return [cluster for cluster in clusters if cluster["name"] not in names]


def _numbered(content: Json, number: int) -> Json:
    """With the number of the configuration, which Envoy shows as `cluster_manager.cds.version_text`."""
    return {"version_info": f"configuration {number}", **content}
