"""`/v1/messages/count_tokens` for services that do not have it.

Source: platform.claude.com, "Count tokens in a Message".
"""

from __future__ import annotations

from typing import Final

from ...wire import apis
from ...wire.errors import ApiError
from ...wire.json import Json
from ..pivot.counted import Counting, Estimate


def _estimate(body: Json, vendor: str) -> int:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise ApiError(400, "messages must be a non-empty array", param="messages")
    estimate = Estimate()
    estimate.add(body.get("system"))
    estimate.add_messages(messages)
    estimate.add_tools(body.get("tools"))
    return estimate.total(vendor)


def _answer(tokens: int) -> Json:
    return {"input_tokens": tokens}


COUNTING: Final = Counting(apis.COUNT_TOKENS, _estimate, _answer)
