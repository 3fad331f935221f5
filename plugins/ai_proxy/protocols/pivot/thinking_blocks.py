"""Signed and encrypted thinking in messages. Clients send it back, and the model checks each block's signature.

The pivot has one text for it, `reasoning_content`, with one `reasoning_signature`, and `reasoning_redacted_content` for
encrypted thinking. If there are several blocks of a kind, `thinking_blocks` has all of them in Anthropic's format, a
name that other gateways use, too. Source: docs.anthropic.com, "Extended thinking", "Preserving thinking blocks".
"""

from __future__ import annotations

from typing import Final

from ...wire import lenient
from ...wire.json import Json
from . import call_signatures

SIGNED: Final = frozenset({"reasoning_signature", "thinking_blocks", "reasoning_redacted_content"})
"""Fields of a message with thinking that the model checks when it gets it back."""


def fields(blocks: list[Json]) -> Json:
    """The fields of a message for these blocks (`thinking` or `redacted_thinking`)."""
    thinking = [block for block in blocks if block.get("type") == "thinking"]
    redacted = [data for block in blocks if (data := lenient.text(block.get("data")))]
    signatures = [signature for block in thinking if (signature := lenient.text(block.get("signature")))]
    result: Json = {}
    if thinking:
        result["reasoning_content"] = "".join(lenient.text(block.get("thinking")) for block in thinking)
    if signatures:
        result["reasoning_signature"] = signatures[-1]
    if redacted:
        result["reasoning_redacted_content"] = redacted[-1]
    if (len(thinking) > 1 and signatures) or len(redacted) > 1:
        result["thinking_blocks"] = blocks
    return result


def signed(message: Json) -> list[Json]:
    """The thinking of a message as Anthropic's blocks, without unsigned blocks and those that carry the signature of a
    call, which Anthropic refuses.
    """
    blocks = message.get("thinking_blocks")
    if not isinstance(blocks, list):
        text, redacted = message.get("reasoning_content"), message.get("reasoning_redacted_content")
        blocks = [
            {"type": "thinking", "thinking": text, "signature": message.get("reasoning_signature")},
            {"type": "redacted_thinking", "data": redacted},
        ]
    return [block for block in blocks if isinstance(block, dict) and _is_whole(block)]


def _is_whole(block: Json) -> bool:
    if block.get("type") == "thinking":
        signature = lenient.text(block.get("signature"))
        return isinstance(block.get("thinking"), str) and signature != "" and not call_signatures.is_marked(signature)
    return block.get("type") == "redacted_thinking" and lenient.text(block.get("data")) != ""
