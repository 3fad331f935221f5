"""The documented rules of answers and streams, by client protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..problems import Checker, Json
from . import anthropic, openai, responses

_CLIENTS: Final = {"openai": openai, "anthropic": anthropic, "responses": responses}


def answer_problems(client: str, answer: Json) -> list[str]:
    """What is wrong with a whole answer to a chat. `client`: `openai`, `anthropic` or `responses`."""
    check = Checker()
    _CLIENTS[client].check_answer(check, answer)
    return check.problems


def stream_problems(client: str, data: Sequence[str]) -> list[str]:
    """What is wrong with a stream; `data` is that of its events, in their order."""
    check = Checker()
    _CLIENTS[client].check_stream(check, data)
    return check.problems


def error_problems(client: str, document: Json) -> list[str]:
    """What is wrong with an error."""
    check = Checker()
    _CLIENTS[client].check_error(check, document)
    return check.problems
