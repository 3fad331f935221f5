"""What the fake model says, whichever protocol it is asked in."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from . import game, showcase

DIMENSIONS: Final = 8
_LONGEST: Final = 200
_MOST_PIECES: Final = 250
"""Of a text: a long one comes in larger pieces, not for longer."""
_PIECE: Final = re.compile(r"\s*(?:[\u2e80-\u9fff\uff00-\uffef]{1,2}|[^\s\u2e80-\u9fff\uff00-\uffef]+|$)")
"""A word and the space before it, or two characters of a script without spaces."""
_REASONS: Final = re.compile("qwq")
"""Models that say what they think."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A text in pieces, or calls of tools."""

    pieces: Sequence[str] = ()
    calls: Sequence[dict[str, Any]] = field(default_factory=tuple)
    """As OpenAI has them in a message."""
    input_tokens: int = 0
    reasoning: Sequence[str] = ()
    """In pieces, before the text."""

    @property
    def steps(self) -> list[tuple[Literal["reasoning", "text"], str]]:
        """What comes one after the other."""
        return [*(("reasoning", piece) for piece in self.reasoning), *(("text", piece) for piece in self.pieces)]

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def output_tokens(self) -> int:
        return len(self.reasoning) + len(self.pieces) + 10 * len(self.calls)

    @property
    def finish_reason(self) -> str:
        return "tool_calls" if self.calls else "stop"


def answer(model: str, messages: Any, tools: Any) -> Answer:
    """To the last message: a call of the first tool if there are tools, otherwise, and after the tool, a text."""
    said = [message for message in messages if isinstance(message, dict)] if isinstance(messages, list) else []
    last = said[-1] if said else {}
    text = _text(last.get("content"))
    tokens = sum(len(_text(message.get("content")).split()) + 3 for message in said)
    if last.get("role") == "tool":
        return Answer(_pieces(f"The tool says: {text[:_LONGEST]}"), input_tokens=tokens)
    if isinstance(tools, list) and tools and isinstance(tools[0], dict):
        function = tools[0].get("function", {})
        call = {
            "id": "call_demo_1",
            "type": "function",
            "function": {"name": function.get("name", "tool"), "arguments": json.dumps(_arguments(function, text))},
        }
        return Answer(calls=[call], input_tokens=tokens)
    reply = (
        game.reply(model, said)
        or showcase.reply(model, text, showcase.images_of(last.get("content")))
        or _echo(model, text)
    )
    reasoning = _pieces(showcase.reasoning(text[:_LONGEST])) if _REASONS.match(model) else ()
    return Answer(_pieces(reply), input_tokens=tokens, reasoning=reasoning)


def embedding(text: str) -> list[float]:
    """The same for the same text."""
    digest = hashlib.sha256(text.encode(errors="replace")).digest()
    return [(byte - 127.5) / 127.5 for byte in digest[:DIMENSIONS]]


def _echo(model: str, text: str) -> str:
    if showcase.is_chinese(text):
        return f"我是 {model}，proxywasm 自带的模拟模型。你说：{text[:_LONGEST]}"
    return f"I am {model}, a fake model that comes with proxywasm. You said: {text[:_LONGEST] or 'nothing'}"


def _pieces(text: str) -> list[str]:
    words = [piece for piece in _PIECE.findall(text) if piece]
    size = -(-len(words) // _MOST_PIECES) or 1
    return ["".join(words[start : start + size]) for start in range(0, len(words), size)]


def _text(content: Any) -> str:
    if isinstance(content, list):
        texts = (_text(part.get("text")) for part in content if isinstance(part, dict))
        return " ".join(filter(None, texts))
    return content if isinstance(content, str) else ""


def _arguments(function: Any, text: str) -> dict[str, Any]:
    """Something for each required property, by its type."""
    schema = function.get("parameters") if isinstance(function, dict) else None
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return {}
    values: dict[str, Any] = {"integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}}
    return {
        name: values.get(str(wanted.get("type")) if isinstance(wanted, dict) else "", text[:_LONGEST])
        for name, wanted in properties.items()
    }
