"""Signatures of tool calls, which Gemini 3 requires back, on their way through clients that have no field for them.

The pivot has a call's signature in `extra_content.google.thought_signature`, as Google's OpenAI endpoint. Clients of
Anthropic's protocol get it as the signature of a thinking block in front of the call, marked as Google's; clients of
OpenAI's protocol get it in the call's id as well. Source: ai.google.dev, "Thought signatures".
"""

from __future__ import annotations

import re
from typing import Any, Final

from ...wire import lenient
from ...wire.json import Json

STAND_IN: Final = "skip_thought_signature_validator"
"""What Google accepts in the place of a signature that is lost."""

_MARK: Final = "google:"
"""In front of Google's signatures in thinking blocks. Those of Claude have no colon."""
SEPARATOR: Final = "__thought__"
"""Between a call's id and its signature."""
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_TO_URL: Final = str.maketrans("+/", "-_")
_FROM_URL: Final = str.maketrans("-_", "+/")


def of_call(call: Json) -> str:
    """The signature of a call: in its field, or in its id."""
    extra = lenient.mapping(lenient.mapping(call.get("extra_content")).get("google"))
    return lenient.text(extra.get("thought_signature")) or _in_id(lenient.text(call.get("id")))


def field(signature: str) -> Json:
    """The field of a call with this signature."""
    return {"extra_content": {"google": {"thought_signature": signature}}}


def block_signature(signature: str) -> str:
    """The signature of the thinking block that carries a call's signature."""
    return _MARK + signature


def is_marked(signature: str) -> bool:
    """Whether the signature of a thinking block is that of a call."""
    return signature.startswith(_MARK)


def in_block(block: Json) -> str:
    """The call's signature that a thinking block carries; empty if it carries none."""
    signature = lenient.text(block.get("signature"))
    return signature[len(_MARK) :] if is_marked(signature) else ""


def signed_id(call_id: str, signature: str) -> str:
    """The id of a call that also carries its signature, in the characters that ids have. Other signatures than base64
    are left out.
    """
    if len(signature) % 4 or not _BASE64.fullmatch(signature):
        return call_id
    return f"{call_id}{SEPARATOR}{signature.rstrip('=').translate(_TO_URL)}"


def plain_id(call_id: str) -> str:
    """The id without the signature."""
    return call_id.partition(SEPARATOR)[0]


def _in_id(call_id: str) -> str:
    signature = call_id.partition(SEPARATOR)[2].translate(_FROM_URL)
    return signature + "=" * (-len(signature) % 4)


def without_signed_ids(messages: list[Any]) -> list[Any]:
    """The messages with plain ids, for models that do not read signatures; the same list if it has no others."""
    # Without a call for each message, because most have nothing to do with tools.
    if not any(
        "tool_call_id" in one and SEPARATOR in str(one["tool_call_id"]) for one in messages if type(one) is dict
    ):
        return messages
    return [_with_plain_ids(message) for message in messages]


def _with_plain_ids(message: Any) -> Any:
    if not isinstance(message, dict):
        return message
    if isinstance(call_id := message.get("tool_call_id"), str):
        message = {**message, "tool_call_id": plain_id(call_id)}
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        message = {**message, "tool_calls": [_with_plain_id(call) for call in calls]}
    return message


def _with_plain_id(call: Any) -> Any:
    if not isinstance(call, dict) or not isinstance(call.get("id"), str):
        return call
    return {name: value for name, value in call.items() if name != "extra_content"} | {"id": plain_id(call["id"])}
