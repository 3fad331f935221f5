"""`encrypted_content` of reasoning items: the signed thinking of services that check it, for clients to send back.

It is the JSON text of blocks in Anthropic's format, as in `thinking_blocks` of the pivot. The signature of a Google
tool call is in a block of its own or in that of the thinking before it, as `call_signatures` has it. Signatures are
encrypted by the service, texts are not.
"""

from __future__ import annotations

from proxywasm import JsonTooComplexError

from ...wire import lenient
from ...wire.errors import request_too_complex
from ...wire.json import Json, check_together, dumps, loads


def packed(blocks: list[Json]) -> str:
    return dumps(blocks)


def check(items: list[Json]) -> None:
    """Raises `ApiError` if the contents of all these items together are too complex to be parsed."""
    try:
        check_together([lenient.text(item.get("encrypted_content")) for item in items])
    except JsonTooComplexError as error:
        raise request_too_complex(error) from None


def blocks(item: Json) -> list[Json]:
    """The blocks in a reasoning item. Contents of other origin are ignored: only their service can read them."""
    content = lenient.text(item.get("encrypted_content"))
    if not content.startswith("["):
        return []
    try:
        return lenient.objects(loads(content))
    except ValueError:
        return []
