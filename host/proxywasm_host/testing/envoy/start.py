"""Start plugins in the one Envoy of the run, each in a VM of its own.

V8 compiles a module of CPython in some seconds, and reuses the code for the same module while a VM of it exists. So the
VM of the host that was closed last stays until the next one has started. Within one test it is also reused for a host
with the same settings: hypothesis starts hundreds.
"""

from __future__ import annotations

import atexit
import importlib.util
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from proxywasm.abi.port import Report
from proxywasm.wire import ConfigError, LogLevel, PluginFailure

from ...building.proxy_wasm import LoweringError
from ...building.proxy_wasm.tools import find_node
from ...gateway.envoy import EnvoyError, find_envoy
from ...gateway.envoy.wasm_filter import FAIL_OPEN
from ...recordings.replay import DEFAULT_PROPERTIES, SEED
from ...services import HostServices
from ..gateways import Link, Setting, Start, unsupported
from .configuration import Plugin, Plugins
from .gateway import EnvoyGateway, EnvoyServices, Instance
from .session import Session

_ROUTE: Final = ("route_name",)


def missing() -> str | None:
    """Why this machine cannot run plugins in Envoy, and what to do; None: it can."""
    try:
        find_envoy()
        find_node()
    except (EnvoyError, LoweringError) as error:
        return str(error)
    if importlib.util.find_spec("h11") is None:
        return "h11 is not installed: pip install '/path/to/proxywasm[envoy]'"
    return None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The settings of a start. Hosts with equal settings can share a VM."""

    plugins: tuple[Plugin, ...]
    route: str
    fail_open: bool
    log_level: LogLevel
    clusters: frozenset[str]


class EnvoyStart:
    """Instances of a module. `name` is what Envoy's log calls the plugin.

    Raises `EnvoyError` where Envoy cannot be had.
    """

    def __init__(self, name: str, module: Path) -> None:
        self._name = name
        self._module = module

    def program(self, services: HostServices) -> NoReturn:  # noqa: ARG002  # of no use
        unsupported("replay")

    def gateway(self, setting: Setting, after: Sequence[Link] = ()) -> EnvoyGateway:
        _check(setting)
        wanted = _Wanted(
            tuple(_plugin(start, config, setting) for start, config in [(self, setting.config), *after]),
            setting.properties.get(_ROUTE, DEFAULT_PROPERTIES["route_name"].encode()).decode(),
            setting.fail_open,
            setting.log_level,
            frozenset(setting.clusters or ()),
        )
        return _run().start(wanted, setting)

    def plugin(self, config: str) -> Plugin:
        return Plugin(self._name, self._module, config)


def _plugin(start: Start, config: str, setting: Setting) -> Plugin:
    assert isinstance(start, EnvoyStart), "all plugins of a chain are in one gateway"
    return start.plugin(_config(config, fail_open=setting.fail_open))


def _check(setting: Setting) -> None:
    if setting.beside is not None:
        unsupported("another_instance")
    if setting.start is not None or setting.seed != SEED:
        unsupported("start, seed")
    if setting.limits is not None:
        unsupported("limits")
    if setting.foreign_functions:
        unsupported("foreign_functions")
    if setting.properties.keys() - {_ROUTE}:
        unsupported("properties")


def _config(config: str, *, fail_open: bool) -> str:
    """The configuration, with the key by which the SDK handles streams whose callbacks raise."""
    if not fail_open:
        return config
    try:
        document = json.loads(config or "{}")
    except ValueError:
        document = None
    # Anything but an object the plugin has to refuse.
    return json.dumps(document | {FAIL_OPEN: True}) if isinstance(document, dict) else config


class _Run:
    """The Envoy of this run of tests, and the plugins in it."""

    def __init__(self) -> None:
        self._session = Session()
        self._numbers = itertools.count(1)
        self._log_level = LogLevel.INFO
        self._clusters: dict[str, EnvoyGateway] = {}
        self._retired: tuple[_Wanted, Instance] | None = None
        self._may_return = False

    def start(self, wanted: _Wanted, setting: Setting) -> EnvoyGateway:
        instance = self._returning(wanted)
        fresh = instance is None
        if instance is None:
            instance = Instance(f"vm-{next(self._numbers)}", self._upstream())
        gateway = EnvoyGateway(self._session, instance, setting, lambda: self._closed(wanted, gateway))
        services = {instance.upstream, *wanted.clusters}
        if services & self._clusters.keys():
            unsupported("clusters")
        for cluster in services:
            self._session.serve(cluster, gateway.acceptor(cluster))
            self._clusters[cluster] = gateway
        try:
            self._session.publish_services()
            self._log(wanted.log_level)
            if fresh:
                self._load(wanted, instance, gateway.services, setting)
        except BaseException:
            self._forget_services(gateway)
            raise
        return gateway

    def _load(self, wanted: _Wanted, instance: Instance, services: EnvoyServices, setting: Setting) -> None:
        chain = Plugins(instance.vm, wanted.plugins, wanted.route, wanted.fail_open)
        if not self._session.start(chain, instance.upstream):
            _refused(services, setting)
        if self._retired is not None:
            self._session.stop(self._retired[1].vm)
            self._retired = None

    def _log(self, level: LogLevel) -> None:
        """The level is the whole Envoy's."""
        if level is not self._log_level:
            self._log_level = level
            self._session.set_log_level(_LEVELS[level])

    def _upstream(self) -> str:
        """Several hosts at the same time need different clusters for their routes."""
        name = DEFAULT_PROPERTIES["cluster_name"]
        return name if name not in self._clusters else f"{name}-{next(self._numbers)}"

    def _returning(self, wanted: _Wanted) -> Instance | None:
        if self._retired is None or not self._may_return:
            return None
        retired, instance = self._retired
        if retired != wanted or instance.upstream in self._clusters:
            return None
        self._retired = None
        return instance

    def _closed(self, wanted: _Wanted, gateway: EnvoyGateway) -> None:
        self._forget_services(gateway)
        if self._retired is not None:
            self._session.stop(self._retired[1].vm)
        self._retired, self._may_return = (wanted, gateway.instance), not gateway.failed

    def _forget_services(self, gateway: EnvoyGateway) -> None:
        for cluster in [name for name, owner in self._clusters.items() if owner is gateway]:
            del self._clusters[cluster]
            self._session.end_service(cluster)

    def end_of_test(self) -> None:
        self._may_return = False

    def close(self) -> None:
        self._session.close()


def _refused(services: EnvoyServices, setting: Setting) -> NoReturn:
    said = [line for line in services.said_while_starting() if line.report]
    if not said:
        raise EnvoyError(f"Envoy has not taken the plugin:\n{services.whole_log()}")
    reason = said[0].record.message
    match said[0].report:
        case Report.NO_REDIS:
            unsupported("redis")
        case Report.REFUSED:
            raise ConfigError(reason)
        case _:
            failure = PluginFailure(reason)
            setting.on_failure(failure)
            raise failure


_LEVELS: Final = {
    LogLevel.TRACE: "trace",
    LogLevel.DEBUG: "debug",
    LogLevel.INFO: "info",
    LogLevel.WARN: "warning",
    LogLevel.ERROR: "error",
    LogLevel.CRITICAL: "critical",
}

_runs: list[_Run] = []


def _run() -> _Run:
    if not _runs:
        _runs.append(_Run())
        atexit.register(close)
    return _runs[0]


def end_of_test() -> None:
    """The next test gets instances of its own."""
    for run in _runs:
        run.end_of_test()


def close() -> None:
    """Stop Envoy if it runs."""
    atexit.unregister(close)
    while _runs:
        _runs.pop().close()
