"""The end of a conversation: it may be the beginning of the answer, which not all models continue."""

from __future__ import annotations

from typing import Any, Final, TypeGuard

from proxywasm import log

from ...wire.json import Json

_CONTINUE: Final = "Continue exactly where your last message ends, without repeating it."


def ends_with_answer(messages: Any) -> TypeGuard[list[Json]]:
    """Whether the last message is an answer of the model that nobody has replied to."""
    last = messages[-1] if isinstance(messages, list) and messages else None
    return isinstance(last, dict) and last.get("role") == "assistant" and not last.get("tool_calls")


def wish_to_continue() -> Json:
    """What the user says after such an answer, for a model that refuses to continue it by itself."""
    log.debug("the conversation ends with an answer, which the model does not continue: a message asks it to")
    return {"role": "user", "content": _CONTINUE}
