"""Ids of responses that this plugin keeps. They say to which conversation a response belongs.

So the choice of providers recognises a conversation that goes on by `previous_response_id`, without asking the store.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any, Final

from ...wire.json import Json

_PREFIX: Final = "resp_gw"
"""Ids of services have only hexadecimal digits there."""
_KEY: Final = 16
"""Digits that say which conversation it is."""
_RANDOM: Final = 24
"""Digits that nobody can guess."""
_NAMES: Final = ("prompt_cache_key", "conversation", "session_id")
_LONGEST_BEGINNING: Final = 16 * 1024
"""Characters at the beginning of a conversation that tell it apart."""


def is_own(response_id: Any) -> bool:
    """Whether a store of this plugin keeps this response, or has kept it: no service knows it."""
    return isinstance(response_id, str) and response_id.startswith(_PREFIX)


def new(body: Json) -> str:
    """An id for the response to this request."""
    random = uuid.uuid4().hex
    return f"{_PREFIX}{conversation(body) or random[_KEY:]}{random[:_RANDOM]}"


def conversation(body: Json) -> str:
    """The same digits for all requests of a conversation: from its id, or else its beginning. Empty: it has none."""
    earlier = body.get("previous_response_id")
    if is_own(earlier):
        return str(earlier)[len(_PREFIX) :][:_KEY]
    text = _told_apart_by(body)
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=_KEY // 2).hexdigest() if text else ""


def _told_apart_by(body: Json) -> str:
    for name in _NAMES:
        value = body.get(name)
        if isinstance(value, dict):
            value = value.get("id")
        if isinstance(value, str) and value:
            return value
    for name in ("messages", "input"):
        turns = body.get(name)
        if isinstance(turns, str) and turns:
            turns = [{"role": "user", "content": turns}]
        if isinstance(turns, list) and turns:
            instructions = body.get("system") or body.get("instructions")
            return json.dumps([instructions, _beginning(turns)], sort_keys=True)[:_LONGEST_BEGINNING]
    return ""


def _beginning(turns: list[object]) -> list[object]:
    """The turns up to the first one of the user, which later requests repeat."""
    for index, turn in enumerate(turns):
        if isinstance(turn, dict) and turn.get("role") == "user":
            return turns[: index + 1]
    return turns[:1]
