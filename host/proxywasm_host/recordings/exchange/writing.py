"""Write exchanges to a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from proxywasm.text import encode

from .chunks import chunk_to_json
from .model import REPLAYED, CallOut, Exchange, Message
from .times import time_text


def dump(exchanges: Sequence[Exchange], path: Path) -> None:
    """Write exchanges to a file that `load` reads."""
    path.write_bytes(to_document(exchanges))


def to_document(exchanges: Sequence[Exchange]) -> bytes:
    """The content of a file that `load` reads."""
    document = [to_json(exchange) for exchange in exchanges]
    return encode(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def to_json(exchange: Exchange) -> dict[str, Any]:
    """The entry of a file for an exchange; keys that a replay does not look at come from `raw`."""
    entry: dict[str, Any] = {"name": exchange.name} if exchange.name else {}
    if exchange.config and not exchange.chain:
        entry["config"] = _parsed(exchange.config)
    if exchange.chain:
        entry["plugins"] = [{"config": _parsed(config)} for config in exchange.chain]
    if exchange.properties:
        entry["properties"] = dict(exchange.properties)
    entry["request"] = _message_json(exchange.request)
    if exchange.response:
        entry["response"] = _message_json(exchange.response)
    if exchange.next_responses:
        entry["next_responses"] = [_message_json(message) for message in exchange.next_responses]
    if exchange.callouts:
        entry["callouts"] = [_callout_json(callout) for callout in exchange.callouts]
    if exchange.before:
        entry["before"] = [to_json(before) for before in exchange.before]
    if exchange.wait_ms:
        entry["wait_ms"] = exchange.wait_ms
    if exchange.time_ns is not None:
        entry["time"] = time_text(exchange.time_ns)
    return entry | {key: value for key, value in exchange.raw.items() if key not in REPLAYED}


def _parsed(config: str) -> Any:
    """A configuration as an object if that is equivalent: it is easier to read than JSON inside a string."""
    try:
        document = json.loads(config)
    except ValueError:
        return config
    return document if isinstance(document, dict) else config


def _message_json(message: Message) -> dict[str, Any]:
    entry: dict[str, Any] = {"headers": [list(pair) for pair in message.headers]}
    if message.body:
        entry["body"] = [chunk_to_json(chunk) for chunk in message.body]
    if message.times_ms:
        entry["times_ms"] = list(message.times_ms)
    if message.unfinished:
        entry["unfinished"] = True
    if message.details:
        entry["details"] = message.details
    if message.broken:
        entry["broken"] = message.broken
    return entry


def _callout_json(callout: CallOut) -> dict[str, Any]:
    match = {"cluster": callout.cluster, "path": callout.path}
    entry: dict[str, Any] = {"match": {key: value for key, value in match.items() if value is not None}}
    if callout.response:
        entry["response"] = {
            "headers": [list(pair) for pair in callout.response.headers],
            "body": chunk_to_json(b"".join(callout.response.body)),
        }
    if callout.once:
        entry["once"] = True
    return entry
