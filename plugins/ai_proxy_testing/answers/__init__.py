"""The documented rules of answers and streams, by client protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..problems import Checker, Json
from . import anthropic, openai

_ANSWERS: Final = {"openai": openai.check_answer, "anthropic": anthropic.check_answer}
_STREAMS: Final = {"openai": openai.check_stream, "anthropic": anthropic.check_stream}
_ERRORS: Final = {"openai": openai.check_error, "anthropic": anthropic.check_error}


def answer_problems(client: str, answer: Json) -> list[str]:
    """What is wrong with a whole answer to a chat. `client`: `openai` or `anthropic`."""
    check = Checker()
    _ANSWERS[client](check, answer)
    return check.problems


def stream_problems(client: str, data: Sequence[str]) -> list[str]:
    """What is wrong with a stream; `data` is that of its events, in their order."""
    check = Checker()
    _STREAMS[client](check, data)
    return check.problems


def error_problems(client: str, document: Json) -> list[str]:
    """What is wrong with an error."""
    check = Checker()
    _ERRORS[client](check, document)
    return check.problems
