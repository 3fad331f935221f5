"""How much a program may ask for in the answer to one call: the same for every program, native or Wasm.

The answer of a component has been measured in the component's memory already (`wasm/crossing.py`), before it is copied.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from proxywasm import wire

from ..limit_fields import too_large, too_many

if TYPE_CHECKING:
    from .limits import Limits


def answer_refusal(outcome: Any, limits: Limits) -> str | None:
    """Why this answer is too large; None if it is not. Invalid answers are ignored here: the caller logs them."""
    if isinstance(outcome, bytes):
        return _refusal(0, 0, 0, len(outcome), limits)
    if not isinstance(outcome, (list, tuple)):
        return None
    fields = size = bodies = 0
    if len(outcome) <= limits.commands:
        for command in outcome:
            sizes = _SIZES.get(type(command))
            if sizes is not None:
                more_fields, more_size, more_bodies = sizes(command.value)
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


def _of_edits(edits: Any) -> tuple[int, int, int]:
    if not isinstance(edits, list):
        return 0, 0, 0
    try:
        size = sum(map(len, edits))  # three times as fast as to look at each, and nearly always right
    except TypeError:
        size = sum(len(text) for text in edits if isinstance(text, str))
    return len(edits) // 2, size, 0


def _of_body(body: Any) -> tuple[int, int, int]:
    return 0, 0, len(body) if isinstance(body, bytes) else 0


def _of_injection(injection: Any) -> tuple[int, int, int]:
    return _of_body(getattr(injection, "body", b""))


def _of_message(message: Any) -> tuple[int, int, int]:
    headers = getattr(message, "headers", ())
    _, _, body = _of_body(getattr(message, "body", b""))
    if not isinstance(headers, list):
        return 0, 0, body
    texts = chain.from_iterable(field for field in headers if isinstance(field, tuple))
    return len(headers), sum(len(text) for text in texts if isinstance(text, str)), body


_SIZES: Final[dict[type, Callable[[Any], tuple[int, int, int]]]] = {
    wire.EditRequestHeaders: _of_edits,
    wire.EditResponseHeaders: _of_edits,
    wire.EditRequestTrailers: _of_edits,
    wire.EditResponseTrailers: _of_edits,
    wire.ReplaceRequestBody: _of_body,
    wire.ReplaceResponseBody: _of_body,
    wire.InjectResponseBody: _of_injection,
    wire.SendLocalReply: _of_message,
    wire.SendAgain: _of_message,
}
"""By the class of the command: the header fields in its value, their characters, and the bytes of its body."""
