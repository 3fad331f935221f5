"""Bedrock's API that counts tokens.

Source: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from ...profiles.claude import is_claude
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import NotCounted
from ..pivot.token_counter import TokenCounter
from . import chat

_COUNTED: Final = ("messages", "system", "toolConfig")
_REGION: Final = re.compile(r"^(?:us|us-gov|eu|apac|jp|au|global)\.")


def _request(exchange: Exchange, body: Json) -> Json:
    """AWS counts the tokens of Claude models only, by the id of the model without the region of a profile."""
    model = unquote(exchange.model)  # An ARN may be escaped.
    if not is_claude(exchange.profile) or model.startswith("arn:"):
        raise NotCounted
    given = chat.request(exchange, body)
    exchange.path = chat.path_of(_REGION.sub("", model), "count-tokens")
    return {"input": {"converse": {name: given[name] for name in _COUNTED if name in given}}}


COUNTER: Final = TokenCounter(_request, "inputTokens", chat.error)
