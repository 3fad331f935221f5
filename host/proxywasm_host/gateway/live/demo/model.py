"""What the fake model says, whichever protocol it is asked in."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from . import game, schemas, showcase

DIMENSIONS: Final = 8
_LONGEST: Final = 200
_MOST_PIECES: Final = 250
"""Of a text: a long one comes in larger pieces, not for longer."""
_PIECE: Final = re.compile(r"\s*(?:[\u2e80-\u9fff\uff00-\uffef]{1,2}|[^\s\u2e80-\u9fff\uff00-\uffef]+|$)")
"""A word and the space before it, or two characters of a script without spaces."""
_FEW_TOOLS: Final = 4
"""With more tools the client is a coding agent, whose first tool may run what it gets as a command."""
_ANY_OBJECT: Final = {"properties": {"answer": {"type": "string"}}}
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


def answer(model: str, messages: Any, options: dict[str, Any]) -> Answer:
    """To the last message: a call of the first tool if there are tools, otherwise, and after the tool, a text.

    `options` has `tools`, `tool_choice` and `response_format` as OpenAI has them in a request.
    """
    said = [message for message in messages if isinstance(message, dict)] if isinstance(messages, list) else []
    last = said[-1] if said else {}
    text = _text(last.get("content"))
    tokens = sum(len(_text(message.get("content")).split()) + 3 for message in said)
    if (function := _called(options, answered=last.get("role") == "tool")) is not None:
        number = 1 + sum(message.get("role") == "tool" for message in said)
        return Answer(calls=[_call(function, text, number)], input_tokens=tokens)
    if (schema := _schema(options.get("response_format"))) is not None:
        written = json.dumps(schemas.value(schema, text[:_LONGEST]), ensure_ascii=False)
        return Answer(_pieces(written), input_tokens=tokens)
    if last.get("role") == "tool":
        return Answer(_pieces(f"The tool says: {text[:_LONGEST]}"), input_tokens=tokens)
    reply = (
        game.reply(model, said)
        or showcase.reply(model, text, showcase.images_of(last.get("content")))
        or _echo(model, text)
    )
    reasoning = _pieces(showcase.reasoning(text[:_LONGEST])) if _REASONS.match(model) else ()
    return Answer(_pieces(reply), input_tokens=tokens, reasoning=reasoning)


def _called(options: dict[str, Any], *, answered: bool) -> dict[str, Any] | None:
    """The function to call. `answered`: a tool has said something already."""
    given = options.get("tools")
    tools = [one["function"] for one in given if _is_function(one)] if isinstance(given, list) else []
    choice = options.get("tool_choice")
    if isinstance(choice, dict):
        wanted = choice.get("function")
        named = [one for one in tools if isinstance(wanted, dict) and one.get("name") == wanted.get("name")]
        return named[0] if named else None
    if not tools or choice == "none":
        return None
    wants_call = not answered and len(tools) <= _FEW_TOOLS
    return tools[0] if wants_call or choice == "required" else None


def _is_function(tool: Any) -> bool:
    return isinstance(tool, dict) and isinstance(tool.get("function"), dict)


def _call(function: dict[str, Any], text: str, number: int) -> dict[str, Any]:
    arguments = schemas.value(function.get("parameters"), text[:_LONGEST])
    written = json.dumps(arguments if isinstance(arguments, dict) else {})
    name = function.get("name", "tool")
    return {"id": f"call_demo_{number}", "type": "function", "function": {"name": name, "arguments": written}}


def _schema(response_format: Any) -> Any:
    """The schema that an answer has to follow; None: it may be a text."""
    given = response_format if isinstance(response_format, dict) else {}
    kind, described = given.get("type"), given.get("json_schema")
    if kind == "json_schema" and isinstance(described, dict):
        return described.get("schema")
    return _ANY_OBJECT if kind == "json_object" else None


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
