"""Anthropic's API that counts tokens, for clients of other protocols. Source: platform.claude.com, "Count tokens in a
Message".
"""

from __future__ import annotations

from typing import Final

from ...wire.json import Json
from ..exchange import Exchange
from ..pivot.token_counter import TokenCounter
from . import service

_COUNTED: Final = ("model", "messages", "system", "tools", "tool_choice", "thinking")


def body_of(exchange: Exchange, body: Json) -> Json:
    given = service.body_of(exchange, body)
    return {name: given[name] for name in _COUNTED if name in given}


COUNTER: Final = TokenCounter(body_of, "input_tokens", service.error)
