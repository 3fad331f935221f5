"""An answer of the service, whole and streamed, as far as its protocol has a place for what is said."""

from __future__ import annotations

import json
from typing import Final

from tests.ai_proxy.gateway import Json
from tests.ai_proxy.service_answers import USAGE, Said, Writer, event_bytes, whole_bytes


def _minimax(one: Said) -> Json:
    """A message has one call at most, and no thoughts."""
    message: Json = {"sender_type": "BOT", "sender_name": "B", "text": one.text}
    for _, name, arguments in one.calls[:1]:
        message["function_call"] = {"name": name, "arguments": json.dumps(arguments)}
    return message


def whole(one: Said) -> bytes:
    choice = {"finish_reason": "stop", "messages": [_minimax(one)]}
    return whole_bytes({"id": "m", "choices": [choice], "usage": USAGE, "base_resp": {"status_code": 0}})


def stream(one: Said) -> bytes:
    """The last event of a choice repeats all of it."""
    last = {"id": "m", "choices": [{"finish_reason": "stop", "messages": [_minimax(one)]}], "usage": USAGE}
    return event_bytes([{"choices": [{"messages": [_minimax(one)]}]}, last])


WRITERS: Final[dict[str, tuple[Writer, Writer | None]]] = {"minimax-pro": (whole, stream)}
