"""What the plugins of proxywasm keep in the gateway's shared data: the health of tokens, breakers, balances.

The formats are those of `ai_proxy.credentials.token_health`, `ai_proxy.pipeline.routing.breaker` and
`ai_quota.balances`; anything else is left out. Counts of limits are kept under checksums of keys, so of limits the
metrics are told: how many requests each rule has refused.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ....services import Metrics, SharedData
from ...live.shared import Shared
from ...metric_labels import labels_of
from ...model import Gateway
from ..texts.secrets import Secrets
from ..times import iso

_MOST: Final = 200
_MOST_KEYS: Final = 20_000
_HEALTH: Final = "ai-proxy:health:"
_BREAKER: Final = "ai-proxy:breaker:"
_QUOTA: Final = "ai-quota:"
_PREFIX: Final = "chat_quota:"
"""Of ai-quota's setting `redis_key_prefix`."""
_WHERE: Final = "the gateway's shared data; what plugins keep in Redis is not shown"

Row = dict[str, Any]


def state(gateway: Gateway, shared: Shared, secrets: Secrets) -> dict[str, Any]:
    names = {_hash(value): placeholder for value, placeholder in secrets.texts()}
    plugins = []
    for index, plugin in enumerate(gateway.plugins):
        found = _of_plugin(plugin.config, shared.data[plugin.name], names)
        found["limits"] = [*_limits(shared.metrics[plugin.name])]
        more = sum(max(len(rows) - _MOST, 0) for rows in found.values())
        cut = {kind: rows[:_MOST] for kind, rows in found.items()}
        plugins.append({"index": index, "name": plugin.name, **cut, "more": more})
    return {"plugins": plugins, "where": _WHERE}


def _of_plugin(config: Mapping[str, Any], data: SharedData, names: Mapping[str, str]) -> dict[str, list[Row]]:
    prefix = config.get("redis_key_prefix", _PREFIX)
    found: dict[str, list[Row]] = {"tokens": [], "breakers": [], "quotas": []}
    readers: dict[str, tuple[str, Callable[[str, bytes], Iterator[Row]]]] = {
        _HEALTH: ("tokens", lambda _, value: _tokens(value, names)),
        _BREAKER: ("breakers", lambda _, value: _breakers(value)),
        _QUOTA: ("quotas", lambda key, value: _quota(key.removeprefix(f"{_QUOTA}{prefix}"), value)),
    }
    for key in sorted(data.keys()[:_MOST_KEYS]):
        for start, (kind, read) in readers.items():
            if key.startswith(start) and (entry := data.get(key)) is not None:
                found[kind] += read(key, entry[0])
    return found


def _tokens(value: bytes, names: Mapping[str, str]) -> Iterator[Row]:
    document = _document(value)
    for name, count in _items(document, "failures"):
        yield {**_NO_CHECK, "token": names.get(name, name), "state": "failing", "failures": _number(count)}
    for name, entry in _items(document, "down"):
        if isinstance(entry, dict):
            yield {
                "token": names.get(name, name),
                "state": "down",
                "failures": None,
                "next_check": _time(entry.get("next")),
                "good_checks": _number(entry.get("good")),
                "bad_checks": _number(entry.get("bad")),
                "cluster": str(entry.get("cluster", "")),
            }


_NO_CHECK: Final = {"next_check": None, "good_checks": 0, "bad_checks": 0, "cluster": ""}


def _breakers(value: bytes) -> Iterator[Row]:
    for name, entry in _document(value).items():
        if not isinstance(entry, dict):
            continue
        provider, _, model = name.partition("/")
        until = _number(entry.get("open"))
        is_open = until > time.time() * 1000
        probe = entry.get("probe") is True
        state = "half-open" if (is_open and probe) or (until and not is_open) else "open" if is_open else "closed"
        yield {
            "provider": provider,
            "model": model,
            "state": state,
            "failures": _number(entry.get("failures")),
            "until": _time(until) if until else None,
        }


def _quota(consumer: str, value: bytes) -> Iterator[Row]:
    month, _, balance = value.decode(errors="replace").partition(" ")
    if balance.lstrip("-").isdecimal():
        yield {"consumer": consumer, "month": month or None, "balance": int(balance)}


def _limits(metrics: Metrics) -> Iterator[Row]:
    for name, value in metrics.snapshot().items():
        base, labels = labels_of(name)
        if base.endswith("ratelimit_refused"):
            yield {"rule": labels.get("rule", ""), "kind": labels.get("kind"), "refused": value}


def _hash(text: str) -> str:
    """As ai-proxy writes tokens."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


def _document(value: bytes) -> dict[str, Any]:
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _items(document: Mapping[str, Any], key: str) -> Iterator[tuple[str, Any]]:
    found = document.get(key)
    if isinstance(found, dict):
        yield from found.items()


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else 0


def _time(milliseconds: Any) -> str | None:
    try:
        return iso(_number(milliseconds) / 1000) if milliseconds else None
    except (ValueError, OverflowError, OSError):
        return None
