"""What shared tests need to know about a service with its own protocol that only has chats.

The folder of each protocol's tests has it in `sample.py`; `converting` collects them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.ai_proxy.gateway import Json

Place = tuple[str, Callable[[Any], Any]]
"""Where a service has a parameter, and what becomes of its value."""


def same(value: Any) -> Any:
    return value


def listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


@dataclass(frozen=True, kw_only=True)
class Sample:
    config: Json
    error: tuple[Json, int, str]
    """What the service says of an error, in an answer of status 200; the status it means, and the message."""
    chunks: Sequence[Any] = ()
    """The documents of a stream that says "Hi there" and ends well; none: it does not stream."""
    ends_with_done: bool = False
    """Such a stream ends as OpenAI's do."""
    parameters: Mapping[str, Place] = field(default_factory=dict)
    """Where it has the parameters of `test_parameters`; `limit` is the limit under either of its names."""
    instructions: tuple[Any, ...] = ()
    """Where the text of a system message goes."""
    transcript: str = ""
    """Where it gets the whole conversation as one text with the names of the speakers; empty: it gets messages."""
    only_chat: bool = False
    """What is no chat goes upstream as it comes, with the service's host and credential."""
