"""`/v1/responses/input_tokens` for services that do not have it.

Source: OpenAI API reference, "Get input token counts".
"""

from __future__ import annotations

from typing import Any, Final

from ...wire import apis
from ...wire.errors import ApiError
from ...wire.json import Json
from ..pivot.counted import Counting, Estimate


def _estimate(body: Json, vendor: str) -> int:
    if body.get("previous_response_id") or body.get("conversation"):
        why = "tokens are only counted for whole conversations behind this route; send the conversation in `input`"
        raise ApiError(400, why, param="input", code="unsupported_parameter")
    given: Any = body.get("input")
    if given is not None and not isinstance(given, (str, list)):
        raise ApiError(400, "input must be a text or an array of items", param="input", code="invalid_type")
    estimate = Estimate()
    estimate.add(body.get("instructions"))
    estimate.add_messages([given] if isinstance(given, str) else given or [])
    estimate.add_tools(body.get("tools"))
    return estimate.total(vendor)


def _answer(tokens: int) -> Json:
    return {"object": "response.input_tokens", "input_tokens": tokens}


COUNTING: Final = Counting(apis.COUNT_RESPONSE_TOKENS, _estimate, _answer)
