"""Exchange files: recorded HTTP streams, and what the plugin made of them; see `tests/conformance/README.md`.

A file holds one exchange or an array of them. Loading checks everything that a replay relies on, so that a mistake in
a file written by hand is found where it was made: `file: exchange 3 ("chat"): request.headers: ...`.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from proxywasm.wire import Fields

JsonChunk: TypeAlias = "str | dict[str, str]"
"""Body bytes in a file: text if they are UTF-8, otherwise `{"base64": ...}`."""


class ExchangeError(ValueError):
    """An exchange file cannot be used. The message says which file, which exchange, which key, and what is wrong."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request or response. Without chunks the headers end the stream."""

    headers: Fields
    body: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class CallOut:
    """The answer to a call-out of the plugin to this cluster and path; None fits any. No response: the call fails."""

    cluster: str | None
    path: str | None
    response: Message | None


@dataclass(frozen=True, slots=True)
class Exchange:
    name: str
    config: str
    """The raw configuration of the plugin."""
    request: Message
    response: Message | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    callouts: tuple[CallOut, ...] = ()
    before: tuple[Exchange, ...] = ()
    """What has gone through the same plugin instance before; their configuration is not used."""
    wait_ms: int = 0
    raw: Mapping[str, Any] = field(default_factory=dict)
    """The whole entry of the file, with the expectations."""


def load(path: Path) -> list[Exchange]:
    """The exchanges of a file. Raises `ExchangeError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ExchangeError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ExchangeError(f"{path}: is not UTF-8 text: {error.reason} at byte {error.start}") from None
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ExchangeError(f"{path}: is not JSON: {error}") from None
    entries = document if isinstance(document, list) else [document]
    exchanges = [_entry(path, index, entry) for index, entry in enumerate(entries)]
    seen: set[str] = set()
    for index, exchange in enumerate(exchanges):
        if exchange.name in seen:
            raise ExchangeError(f"{path}: exchange {index} ({exchange.name!r}): name: is used twice in this file")
        seen.add(exchange.name)
    return exchanges


def dump(exchanges: Sequence[Exchange], path: Path) -> None:
    """Write exchanges to a file that `load` reads."""
    document = [to_json(exchange) for exchange in exchanges]
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def to_json(exchange: Exchange) -> dict[str, Any]:
    """The entry of a file for an exchange; keys that a replay does not look at come from `raw`."""
    entry: dict[str, Any] = {"name": exchange.name} if exchange.name else {}
    if exchange.config:
        entry["config"] = _parsed(exchange.config)
    if exchange.properties:
        entry["properties"] = dict(exchange.properties)
    entry["request"] = _message_json(exchange.request)
    if exchange.response:
        entry["response"] = _message_json(exchange.response)
    if exchange.callouts:
        entry["callouts"] = [_callout_json(callout) for callout in exchange.callouts]
    if exchange.before:
        entry["before"] = [to_json(before) for before in exchange.before]
    if exchange.wait_ms:
        entry["wait_ms"] = exchange.wait_ms
    return entry | {key: value for key, value in exchange.raw.items() if key not in _REPLAYED}


def chunk_to_json(data: bytes) -> JsonChunk:
    """Bytes as a file has them.

    >>> chunk_to_json(b"hi"), chunk_to_json(b"\\xff")
    ('hi', {'base64': '/w=='})
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def chunk_from_json(value: object) -> bytes:
    """Raises `ValueError` with what is wrong."""
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError:
            raise ValueError('half a surrogate pair is no text; write such bytes as {"base64": "..."}') from None
    if isinstance(value, dict) and value.keys() == {"base64"} and isinstance(value["base64"], str):
        try:
            return base64.b64decode(value["base64"], validate=True)
        except binascii.Error as error:
            raise ValueError(f"is not base64: {error}") from None
    raise ValueError(f'expected text or {{"base64": "..."}}, got {_brief(value)}')


# Loading. `where` is the dotted path of a value inside its exchange.

_REPLAYED = frozenset(
    {"name", "config", "properties", "request", "response", "callouts", "before", "wait_ms"},
)
_KEYS = _REPLAYED | {"expect", "expect_main", "expect_semantic", "known_bug", "note", "uncut"}


class _Wrong(Exception):
    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")


def _entry(path: Path, index: int, value: object) -> Exchange:
    name = value.get("name") if isinstance(value, dict) else None
    label = f"exchange {index} ({name!r})" if isinstance(name, str) else f"exchange {index}"
    if not isinstance(value, dict):
        raise ExchangeError(f"{path}: {label}: expected an object, got {_brief(value)}")
    if not isinstance(name, str) or not name:
        raise ExchangeError(f"{path}: {label}: name: expected a text that is not empty, got {_brief(name)}")
    try:
        return _exchange(value, "")
    except _Wrong as wrong:
        raise ExchangeError(f"{path}: {label}: {wrong}") from None


def _exchange(value: dict[str, Any], prefix: str) -> Exchange:
    _check_keys(value, _KEYS, prefix)
    if "request" not in value:
        raise _Wrong(f"{prefix}request", "is missing")
    config = value.get("config", "")
    properties = _typed(value.get("properties", {}), dict, f"{prefix}properties")
    for key, item in properties.items():
        _typed(item, str, f"{prefix}properties.{key}")
    wait_ms = _typed(value.get("wait_ms", 0), int, f"{prefix}wait_ms")
    if wait_ms < 0:
        raise _Wrong(f"{prefix}wait_ms", f"time does not run backwards: {wait_ms}")
    response = value.get("response")
    return Exchange(
        name=value.get("name", ""),
        config=config if isinstance(config, str) else json.dumps(config, ensure_ascii=False),
        request=_message(value["request"], f"{prefix}request"),
        response=None if response is None else _message(response, f"{prefix}response"),
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
    )


def _message(value: object, where: str) -> Message:
    message = _typed(value, dict, where)
    _check_keys(message, {"headers", "body"}, f"{where}.")
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
    return Message(_fields(message.get("headers"), f"{where}.headers"), tuple(data))


def _fields(value: object, where: str) -> Fields:
    fields: Fields = []
    for index, pair in enumerate(_typed(value, list, where)):
        match pair:
            case [str(name), str(text)] if name:
                fields.append((name.lower(), text))
            case _:
                raise _Wrong(f"{where}.{index}", f'expected a pair ["name", "value"], got {_brief(pair)}')
    return fields


def _callout(value: object, where: str) -> CallOut:
    entry = _typed(value, dict, where)
    _check_keys(entry, {"match", "response"}, f"{where}.")
    match = _typed(entry.get("match", {}), dict, f"{where}.match")
    _check_keys(match, {"cluster", "path"}, f"{where}.match.")
    for key, item in match.items():
        _typed(item, str, f"{where}.match.{key}")
    response = entry.get("response")
    return CallOut(
        match.get("cluster"),
        match.get("path"),
        None if response is None else _message(response, f"{where}.response"),
    )


def _typed(value: Any, expected: type, where: str) -> Any:
    if isinstance(value, expected) and not (expected is int and isinstance(value, bool)):
        return value
    names = {dict: "an object", list: "an array", str: "a text", int: "a whole number"}
    raise _Wrong(where, "is missing" if value is None else f"expected {names[expected]}, got {_brief(value)}")


def _check_keys(value: Mapping[str, Any], known: frozenset[str] | set[str], prefix: str) -> None:
    """Notes under other names are welcome; a slip of the pen in a key that matters is not."""
    for key in value.keys() - known:
        if close := difflib.get_close_matches(key, known, 1, 0.8):
            raise _Wrong(f"{prefix}{key}", f"no such key; did you mean {close[0]!r}?")


def _brief(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


# Dumping.


def _parsed(config: str) -> Any:
    """An object reads better than JSON inside a string, as long as it says the same."""
    try:
        document = json.loads(config)
    except ValueError:
        return config
    return document if isinstance(document, dict) else config


def _message_json(message: Message) -> dict[str, Any]:
    entry: dict[str, Any] = {"headers": [list(pair) for pair in message.headers]}
    if message.body:
        entry["body"] = [chunk_to_json(chunk) for chunk in message.body]
    return entry


def _callout_json(callout: CallOut) -> dict[str, Any]:
    match = {"cluster": callout.cluster, "path": callout.path}
    entry: dict[str, Any] = {"match": {key: value for key, value in match.items() if value is not None}}
    if callout.response:
        entry["response"] = {
            "headers": [list(pair) for pair in callout.response.headers],
            "body": chunk_to_json(b"".join(callout.response.body)),
        }
    return entry
