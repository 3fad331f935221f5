"""How much a program may ask for in the answer to one call: the same for every program, native or Wasm.

What a component sends has been measured in its memory already (`wasm/crossing.py`), before it took any here.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from proxywasm import wire

from ..limit_fields import too_large, too_many

if TYPE_CHECKING:
    from .limits import Limits

_EDITS = (wire.EditRequestHeaders, wire.EditResponseHeaders, wire.EditRequestTrailers, wire.EditResponseTrailers)
_BODIES = (wire.ReplaceRequestBody, wire.ReplaceResponseBody)


def answer_refusal(outcome: Any, limits: Limits) -> str | None:
    """Why this answer is too much, if it is. What is no answer at all is found out by whoever carries it out."""
    if isinstance(outcome, bytes):
        return _refusal(0, 0, 0, len(outcome), limits)
    if not isinstance(outcome, (list, tuple)):
        return None
    fields = size = bodies = 0
    if len(outcome) <= limits.commands:
        for command in outcome:
            more_fields, more_size, more_bodies = _sizes(command)
            fields += more_fields
            size += more_size
            bodies += more_bodies
    return _refusal(len(outcome), fields, size, bodies, limits)


def _refusal(commands: int, fields: int, size: int, bodies: int, limits: Limits) -> str | None:
    if commands > limits.commands:
        excess = too_many("commands", commands, limits.commands)
    elif fields > limits.header_count:
        excess = too_many("header fields", fields, limits.header_count)
    elif size > limits.header_size:
        excess = too_large("header", size, limits.header_size)
    elif bodies > limits.answer:
        excess = too_large("body", bodies, limits.answer)
    else:
        return None
    return f"the plugin's answer has {excess}"


def _sizes(command: Any) -> tuple[int, int, int]:
    """Its header fields, their characters, and bytes of its body."""
    if isinstance(command, _EDITS):
        edits = command.value
        if isinstance(edits, list):
            return len(edits) // 2, sum(len(text) for text in edits if isinstance(text, str)), 0
    elif isinstance(command, _BODIES):
        return 0, 0, _length(command.value)
    elif isinstance(command, wire.InjectResponseBody):
        return 0, 0, _length(getattr(command.value, "body", b""))
    elif isinstance(command, wire.SendLocalReply):
        headers = getattr(command.value, "headers", ())
        body = _length(getattr(command.value, "body", b""))
        if isinstance(headers, list):
            texts = chain.from_iterable(field for field in headers if isinstance(field, tuple))
            return len(headers), sum(len(text) for text in texts if isinstance(text, str)), body
        return 0, 0, body
    return 0, 0, 0


def _length(body: object) -> int:
    return len(body) if isinstance(body, bytes) else 0
