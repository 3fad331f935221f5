"""The data of shared tests about a service with its own protocol that only has chats.

The folder of each protocol's tests has it in `sample.py`; `converting` collects them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.ai_proxy.gateway import Json

Place = tuple[str, Callable[[Any], Any]]
"""The field in which a service has a parameter, and the conversion of its value."""


def between(least: float, most: float) -> Callable[[Any], Any]:
    """The nearest number that the service accepts."""
    return lambda given: min(max(given, least), most)


def same(value: Any) -> Any:
    return value


def listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


@dataclass(frozen=True, kw_only=True)
class Sample:
    config: Json
    error: tuple[Json, int, str]
    """An error in an answer of status 200; the status that it means, and its message."""
    chunks: Sequence[Any] = ()
    """The documents of a complete stream with the text "Hi there"; none: it does not stream."""
    ends_with_done: bool = False
    """Such a stream ends as OpenAI's do."""
    parameters: Mapping[str, Place] = field(default_factory=dict)
    """The places of the parameters of `test_parameters`; `limit` is the limit under either of its names."""
    instructions: tuple[Any, ...] = ()
    """The place of the text of a system message."""
    transcript: str = ""
    """The field with the whole conversation as one text with labels; empty: the service gets messages."""
    finish_reason: str = "stop"
    """The finish reason of that stream, in OpenAI's terms."""
    head: int = 1
    """The number of its documents that come before an error may follow."""
    usage: tuple[Json, Sequence[Any]] | None = None
    """An answer and a stream (none: no documents) with 10 prompt tokens, 6 of them cached, and 7 of the answer."""
    cached: int | None = 6
    """The cached tokens in `usage`; None: the service does not report them."""
    tool_turn: tuple[str, list[Any]] | None = None
    """The field with the messages, and these for the conversation with two tool calls of `test_tool_turns`."""
    has_calls: bool = True
    """Tool calls of a conversation reach it."""
    keeps_fields: bool = False
    """It has OpenAI's fields, which are not converted."""
    only_chat: bool = False
    """Requests other than chats pass unchanged, with the service's host and credential."""
