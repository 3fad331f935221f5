"""Read exchanges from a file, and check everything that a replay relies on."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from proxywasm.fields import breaks, is_name
from proxywasm.wire import Fields

from ...reading import shown
from ...stream.field_rules import is_status
from .chunks import brief, chunk_from_json
from .document import read_json
from .model import REPLAYED, CallOut, Exchange, Message
from .times import time_ns_of


class ExchangeError(ValueError):
    """An exchange file cannot be used. The message says which file, which exchange, which key, and what is wrong."""


def load(path: Path) -> list[Exchange]:
    """The exchanges of a file. Raises `ExchangeError`."""
    document = read_json(path, ExchangeError)
    entries = document if isinstance(document, list) else [document]
    exchanges = [_entry(path, index, entry) for index, entry in enumerate(entries)]
    seen: set[str] = set()
    for index, exchange in enumerate(exchanges):
        if exchange.name in seen:
            raise ExchangeError(
                f"{path}: exchange {index} ('{shown(exchange.name)}'): name: is used twice in this file"
            )
        seen.add(exchange.name)
    return exchanges


# `where` is the dotted path of a value inside its exchange.

_KEYS: Final = REPLAYED | {"expect", "expect_main", "expect_semantic", "known_bug", "note", "uncut"}
_MOST_KEYS: Final = 100
"""Of an object that a replay looks at."""
_LONGEST_WAIT: Final = 366 * 86_400_000


class _Wrong(Exception):
    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")


def _entry(path: Path, index: int, value: object) -> Exchange:
    name = value.get("name") if isinstance(value, dict) else None
    label = f"exchange {index} ('{shown(name)}')" if isinstance(name, str) else f"exchange {index}"
    if not isinstance(value, dict):
        raise ExchangeError(f"{path}: {label}: expected an object, got {brief(value)}")
    if not isinstance(name, str) or not name:
        raise ExchangeError(f"{path}: {label}: name: expected a text that is not empty, got {brief(name)}")
    try:
        return _exchange(value, "")
    except _Wrong as wrong:
        raise ExchangeError(f"{path}: {label}: {wrong}") from None


def _exchange(value: dict[str, Any], prefix: str) -> Exchange:
    _check_keys(value, _KEYS, prefix)
    if "request" not in value:
        raise _Wrong(f"{prefix}request", "is missing")
    if "config" in value and "plugins" in value:
        raise _Wrong(
            f"{prefix}plugins", "has the configurations of a chain; `config`, that of one plugin, cannot be beside it"
        )
    properties = _typed(value.get("properties", {}), dict, f"{prefix}properties")
    for key, item in properties.items():
        _typed(item, str, f"{prefix}properties.{shown(key)}")
    wait_ms = _typed(value.get("wait_ms", 0), int, f"{prefix}wait_ms")
    if wait_ms < 0:
        raise _Wrong(f"{prefix}wait_ms", f"time does not run backwards: {wait_ms}")
    if wait_ms > _LONGEST_WAIT:
        raise _Wrong(f"{prefix}wait_ms", f"at most {_LONGEST_WAIT}, which is a year")
    response = value.get("response")
    return Exchange(
        name=value.get("name", ""),
        config=_config(value),
        request=_message(value["request"], f"{prefix}request"),
        response=None if response is None else _message(response, f"{prefix}response"),
        next_responses=tuple(
            _message(item, f"{prefix}next_responses.{index}")
            for index, item in enumerate(_typed(value.get("next_responses", []), list, f"{prefix}next_responses"))
        ),
        properties=properties,
        callouts=tuple(
            _callout(item, f"{prefix}callouts.{index}")
            for index, item in enumerate(_typed(value.get("callouts", []), list, f"{prefix}callouts"))
        ),
        before=tuple(
            _exchange(_typed(item, dict, f"{prefix}before.{index}"), f"{prefix}before.{index}.")
            for index, item in enumerate(_typed(value.get("before", []), list, f"{prefix}before"))
        ),
        wait_ms=wait_ms,
        raw=value,
        chain=_chain(value, prefix),
        time_ns=_time(value.get("time"), f"{prefix}time"),
    )


def _time(value: object, where: str) -> int | None:
    if value is None:
        return None
    moment = time_ns_of(_typed(value, str, where))
    if moment is None:
        raise _Wrong(where, f'expected a time such as "2025-01-01T00:00:00.000Z", got {brief(value)}')
    return moment


def _config(value: dict[str, Any]) -> str:
    """The raw configuration that an exchange or a plugin has."""
    config = value.get("config", "")
    return config if isinstance(config, str) else json.dumps(config, ensure_ascii=False)


def _chain(value: dict[str, Any], prefix: str) -> tuple[str, ...]:
    configs = []
    for index, item in enumerate(_typed(value.get("plugins", []), list, f"{prefix}plugins")):
        plugin = _typed(item, dict, f"{prefix}plugins.{index}")
        _check_keys(plugin, {"config"}, f"{prefix}plugins.{index}.")
        configs.append(_config(plugin))
    if "plugins" in value and not configs:
        raise _Wrong(f"{prefix}plugins", "a chain has at least one plugin")
    return tuple(configs)


def _message(value: object, where: str) -> Message:
    message = _typed(value, dict, where)
    _check_keys(message, {"headers", "body", "times_ms", "unfinished", "details", "broken"}, f"{where}.")
    body = message.get("body")
    if body is None:
        chunks: list[Any] = []
    else:
        # A call-out's answer has its body in one piece.
        chunks = body if isinstance(body, list) else [body]
    data = []
    for index, chunk in enumerate(chunks):
        try:
            data.append(chunk_from_json(chunk))
        except ValueError as error:
            raise _Wrong(f"{where}.body.{index}" if isinstance(body, list) else f"{where}.body", str(error)) from None
    return Message(
        _fields(message.get("headers"), f"{where}.headers"),
        tuple(data),
        _times(message.get("times_ms"), f"{where}.times_ms", len(data) + 1),
        _typed(message.get("unfinished", False), bool, f"{where}.unfinished"),
        _typed(message.get("details", ""), str, f"{where}.details"),
        _typed(message.get("broken", ""), str, f"{where}.broken"),
    )


def _times(value: object, where: str, count: int) -> tuple[int, ...]:
    if value is None:
        return ()
    times = [_typed(item, int, f"{where}.{index}") for index, item in enumerate(_typed(value, list, where))]
    if len(times) != count:
        raise _Wrong(where, f"expected {count}: one for the headers and one for each chunk, got {len(times)}")
    if times != sorted(times) or not 0 <= times[0] <= times[-1] <= _LONGEST_WAIT:
        raise _Wrong(where, f"expected milliseconds from 0 to {_LONGEST_WAIT}, none less than the one before")
    return tuple(times)


def _fields(value: object, where: str) -> Fields:
    fields: Fields = []
    for index, pair in enumerate(_typed(value, list, where)):
        match pair:
            case [str(name), str(text)] if name:
                fields.append((name.lower(), text))
            case _:
                raise _Wrong(f"{where}.{index}", f'expected a pair ["name", "value"], got {brief(pair)}')
        if wrong := _wrong_field(*fields[-1]):
            raise _Wrong(f"{where}.{index}", f"{wrong}, got {brief(pair)}")
    return fields


def _wrong_field(name: str, value: str) -> str | None:
    """An error in header fields that no client or service can have sent, because every gateway refuses it."""
    if not is_name(name.removeprefix(":")):
        return "the name of a header has letters, digits, and - only"
    if breaks(value):
        return "the value of a header has no line break and no NUL"
    if name == ":status" and not is_status(value):
        return "a status is a number of three digits"
    return None


def _callout(value: object, where: str) -> CallOut:
    entry = _typed(value, dict, where)
    _check_keys(entry, {"match", "response", "once"}, f"{where}.")
    match = _typed(entry.get("match", {}), dict, f"{where}.match")
    _check_keys(match, {"cluster", "path"}, f"{where}.match.")
    for key, item in match.items():
        _typed(item, str, f"{where}.match.{shown(key)}")
    response = entry.get("response")
    return CallOut(
        match.get("cluster"),
        match.get("path"),
        None if response is None else _message(response, f"{where}.response"),
        _typed(entry.get("once", False), bool, f"{where}.once"),
    )


def _typed(value: Any, expected: type, where: str) -> Any:
    if isinstance(value, expected) and not (expected is int and isinstance(value, bool)):
        return value
    names = {dict: "an object", list: "an array", str: "a text", int: "a whole number", bool: "true or false"}
    raise _Wrong(where, "is missing" if value is None else f"expected {names[expected]}, got {brief(value)}")


def _check_keys(value: Mapping[str, Any], known: frozenset[str] | set[str], prefix: str) -> None:
    """Allow notes under other keys, but refuse misspelt keys of an exchange."""
    if len(value) > _MOST_KEYS:
        raise _Wrong(prefix.removesuffix(".") or "the exchange", f"has {len(value)} keys; at most {_MOST_KEYS}")
    for key in value.keys() - known:
        if close := difflib.get_close_matches(key, known, 1, 0.8):
            raise _Wrong(f"{prefix}{shown(key)}", f"no such key; did you mean {close[0]!r}?")
