"""What the client of a recorded exchange got."""

from __future__ import annotations

from typing import Any

from .exchange import Exchange, Message, chunk_from_json


def answer_of(exchange: Exchange) -> Message | None:
    """By what the recording expects, or else the response of its service. None: there was no answer."""
    expect: dict[str, Any] | None = exchange.raw.get("expect")
    if expect is None:
        return exchange.response
    if (downstream := expect.get("downstream")) is not None:
        cut = bool(downstream.get("reset")) or (exchange.response is not None and exchange.response.unfinished)
        return _message(downstream, unfinished=cut)
    if (reply := expect.get("local_reply")) is not None:
        headers = [pair for pair in reply["headers"] if pair[0] != ":status"]
        return _message({"headers": [[":status", str(reply["status"])], *headers], "body": [reply["body"]]})
    return None


def _message(part: dict[str, Any], *, unfinished: bool = False) -> Message:
    fields = [(str(name).lower(), str(value)) for name, value in part["headers"]]
    return Message(fields, tuple(map(chunk_from_json, part["body"])), unfinished=unfinished)
