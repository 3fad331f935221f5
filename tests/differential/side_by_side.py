"""Exchanges through both plugins in one Envoy: what each made of them."""

from __future__ import annotations

import functools
import json
import tempfile
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import ai_proxy
from proxywasm.core.rules import RULES
from proxywasm.wire import ConfigError, LogLevel, PluginFailure
from proxywasm_host.gateway.envoy.background import BackgroundEnvoy
from proxywasm_host.recordings.exchange import Exchange
from proxywasm_host.recordings.replay import DEFAULT_PROPERTIES, native_session
from proxywasm_host.services import HostServices

from .client import Got, ask
from .lines import Line, configuration
from .recorder import Script, recording
from .results import Result, result


@dataclass(frozen=True, slots=True)
class _Visit:
    """One request on a line; of the access log's rows about this line, the one with this number is about it."""

    exchange: Exchange
    line: Line
    number: int
    got: Got | None
    script: Script


def not_to_be_driven(exchange: Exchange) -> str:
    """Why an exchange cannot go through a real network side by side with others; empty if it can."""
    expect, response = exchange.raw.get("expect", {}), exchange.response
    if exchange.wait_ms:
        return "time has to pass"
    if '"failover"' in exchange.config or '"vertexAuthKey"' in exchange.config:
        return "what is kept for one exchange, tokens in and out of order, is there for the next, too"
    if any(name == "upgrade" for name, _ in exchange.request.headers):
        return "the connection changes its protocol"
    if response is not None and dict(response.headers)[":status"] in ("204", "304") and any(response.body):
        return "such a response has no body in HTTP"
    if any(_unanswered(exchange, call) for call in expect.get("callouts") or []):
        return "where no answer comes Envoy makes one, 503"
    if expect.get("crash"):
        return "the original's VM is lost, for all others, too"
    if expect.get("start") == "failed" or not _is_taken(exchange.config):
        return "Envoy makes a VM for each configuration that is refused, and that takes long"
    return ""


def _unanswered(exchange: Exchange, call: Mapping[str, Any]) -> bool:
    """As recorded, nothing answers this call. Attempts at the model's own service are answered by its route."""
    path = next(value for name, value in call["headers"] if name == ":path")
    return not any(
        callout.response is not None and callout.cluster in (None, call["cluster"]) and callout.path in (None, path)
        for callout in exchange.callouts
    )


def run(exchanges: Sequence[Exchange], modules: Mapping[str, Path]) -> dict[str, dict[str, Result]]:
    """The results of each exchange by its name and by the plugin, whose modules are given."""
    with tempfile.TemporaryDirectory(prefix="proxywasm-side-") as temporary:
        folder = Path(temporary)
        lines = _lines(exchanges, modules)
        every = dict.fromkeys(line for pair in lines.values() for line in pair)
        with recording(_clusters(exchanges), folder) as (recorder, upstreams):
            config = configuration(every, modules, upstreams, folder)
            with BackgroundEnvoy(config):
                visits = []
                counts: dict[Line, int] = defaultdict(int)
                for exchange in exchanges:
                    for line in lines[exchange.name]:
                        for each in (*exchange.before, exchange):
                            script = Script(each.response, each.callouts)
                            recorder.play(script)
                            got = ask(folder / line.listener, line.number, each.request)
                            visits.append(_Visit(each, line, counts[line], got, script))
                            counts[line] += 1
        return _results(visits, _details(folder / "access.log"))


def _results(
    visits: Sequence[_Visit], details: Mapping[tuple[str, str], Sequence[str]]
) -> dict[str, dict[str, Result]]:
    results: dict[str, dict[str, Result]] = defaultdict(dict)
    for visit in visits:
        name = visit.exchange.name
        told = details[visit.line.listener, str(visit.line.number)][visit.number]
        found = result(visit.exchange, visit.got, visit.script, told)
        results[name][visit.line.plugin] = found
    return results


def _lines(exchanges: Sequence[Exchange], plugins: Collection[str]) -> dict[str, list[Line]]:
    """By the exchange's name, one for each plugin. Exchanges of one configuration share theirs."""
    keys = {exchange.name: _Key.of(exchange) for exchange in exchanges}
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys.values()))}
    rules = {key: rule for key in numbers if (rule := _as_rule(key, f"route-{numbers[key]}")) is not None}
    together = json.dumps({RULES: list(rules.values())})
    found: dict[_Key, list[Line]] = {}
    for key, number in numbers.items():
        root, config, route = (
            ("together", together, f"route-{number}") if key in rules else (f"alone-{number}", key.config, key.route)
        )
        found[key] = [Line(number, plugin, root, config, route, key.cluster) for plugin in plugins]
    return {name: found[key] for name, key in keys.items()}


class _Key(NamedTuple):
    config: str
    route: str
    cluster: str

    @classmethod
    def of(cls, exchange: Exchange) -> Self:
        properties = DEFAULT_PROPERTIES | dict(exchange.properties)
        return cls(exchange.config, properties["route_name"], properties["cluster_name"])


def _as_rule(key: _Key, route: str) -> dict[str, Any] | None:
    """The configuration as a rule for the route, if it is nothing else than that."""
    try:
        document = json.loads(key.config)
    except ValueError:
        return None
    if not isinstance(document, dict) or RULES in document or key.route != DEFAULT_PROPERTIES["route_name"]:
        return None
    return {**document, "_match_route_": [route]}


@functools.cache
def _is_taken(config: str) -> bool:
    with native_session(ai_proxy.plugin)(HostServices()) as program:
        try:
            program.configure(config, LogLevel.CRITICAL)
        except (ConfigError, PluginFailure):
            return False
    return True


def _clusters(exchanges: Sequence[Exchange]) -> list[str]:
    names = {DEFAULT_PROPERTIES["cluster_name"]}
    for exchange in exchanges:
        names.update(value for key, value in exchange.properties.items() if key == "cluster_name")
        names.update(callout.cluster for callout in exchange.callouts if callout.cluster)
        names.update(call["cluster"] for call in exchange.raw.get("expect", {}).get("callouts") or [])
    return sorted(names)


def _details(log: Path) -> dict[tuple[str, str], list[str]]:
    """By listener and line, in the order of the requests."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in log.read_text().splitlines():
        listener, line, details = row.split(" ", 2)
        found[listener, line].append(details)
    return found
