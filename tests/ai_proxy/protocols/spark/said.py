"""An answer of the service, whole and streamed, as far as its protocol has a place for what is said."""

from __future__ import annotations

import json
from typing import Final

from tests.ai_proxy.gateway import Json
from tests.ai_proxy.service_answers import USAGE, Said, Writer, event_bytes, whole_bytes


def _spark_parts(one: Said) -> list[Json]:
    """A message has one call at most, which is an object."""
    parts: list[Json] = [{"role": "assistant", "reasoning_content": one.reasoning}, {"content": one.text}]
    for call_id, name, arguments in one.calls[:1]:
        function = {"name": name, "arguments": json.dumps(arguments)}
        parts.append({"tool_calls": {"id": call_id, "type": "function", "function": function}})
    return parts


def whole(one: Said) -> bytes:
    message: Json = {}
    for part in _spark_parts(one):
        message |= part
    return whole_bytes({"code": 0, "sid": "s", "choices": [{"message": message}], "usage": USAGE})


def stream(one: Said) -> bytes:
    choices = [{"index": 0, "delta": part} for part in _spark_parts(one)]
    usage: list[Json] = [{}] * (len(choices) - 1) + [{"usage": USAGE}]
    return event_bytes(
        ({"code": 0, "sid": "s", "choices": [choice], **more} for choice, more in zip(choices, usage, strict=True)),
        done=True,
    )


WRITERS: Final[dict[str, tuple[Writer, Writer | None]]] = {"spark": (whole, stream)}
