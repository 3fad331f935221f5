"""Estimates the tokens of a request: of its texts by their characters, of all else by documented sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from ...profiles import tokens
from ...wire import lenient
from ...wire.json import Json, dumps

MESSAGE: Final = 4
"""Tokens around a message: its role and its end."""
TOOL: Final = 8
"""Tokens around the definition of a tool."""
IMAGE: Final = 1600
"""Tokens of an image. Anthropic scales larger ones down to this; most services take fewer."""
_BYTES_OF_A_PAGE: Final = 50_000
"""Characters of base64 that count as one page of a document."""
PAGE: Final = 1600

_IMAGES: Final = frozenset({"image", "image_url", "input_image", "input_audio"})
_FILES: Final = frozenset({"document", "file", "input_file"})
_UNCOUNTED: Final = frozenset({"thinking", "redacted_thinking", "reasoning"})
"""Earlier thinking: services leave it out, or count little of it."""
_NAMES: Final = frozenset(
    {"type", "id", "call_id", "tool_use_id", "role", "status", "cache_control", "encrypted_content", "signature"}
)
"""Fields without text for the model."""


class Counting(NamedTuple):
    """How the tokens of a client protocol's requests are counted."""

    api: str
    """The API of the protocol that counts."""
    estimate: Callable[[Json, str], int]
    """The tokens of a request of that API, for a model of this vendor. Raises `ApiError` for an invalid request."""
    answer: Callable[[int], Json]
    """The answer of that API."""


class Estimate:
    """Collects what is in a request."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._others = 0

    def add(self, content: Any) -> None:
        """A text, a block, or a list of both."""
        waiting = [content]
        while waiting:
            one = waiting.pop()
            if isinstance(one, str):
                self._texts.append(one)
            elif isinstance(one, list):
                waiting += one
            elif isinstance(one, dict):
                waiting += self._parts(one)

    def add_messages(self, messages: Iterable[Any]) -> None:
        for message in messages:
            self._others += MESSAGE
            self.add(message)

    def add_tools(self, given: Any) -> None:
        for tool in lenient.objects(given):
            self._others += TOOL
            self._texts.append(dumps({name: value for name, value in tool.items() if name not in _NAMES}))

    def total(self, vendor: str) -> int:
        return self._others + tokens.estimate("\n".join(self._texts), vendor)

    def _parts(self, block: Json) -> list[Any]:
        """What is counted of a block."""
        kind = block.get("type")
        if not isinstance(kind, str):
            kind = ""
        if kind in _UNCOUNTED:
            return []
        if kind in _IMAGES:
            self._others += IMAGE
            return []
        if kind in _FILES:
            return self._file(block)
        if isinstance(given := block.get("input"), dict):  # The arguments of a call.
            block = {**block, "input": dumps(given)}
        return [value for name, value in block.items() if name not in _NAMES]

    def _file(self, block: Json) -> list[Any]:
        """A document: its text, or its pages as far as its size tells."""
        source = lenient.mapping(block.get("source"))
        if source.get("type") in ("text", "content"):
            return [block.get("title"), block.get("context"), source.get("data"), source.get("content")]
        file = lenient.mapping(block.get("file"))
        data = source.get("data") or block.get("file_data") or file.get("file_data")
        self._others += PAGE * (1 + len(lenient.text(data)) // _BYTES_OF_A_PAGE)
        return [block.get("title"), block.get("context")]
