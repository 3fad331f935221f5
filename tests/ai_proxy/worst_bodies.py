"""Bodies at the bounds of what ai_proxy admits, each extreme in one way.

Those of clients that speak OpenAI's protocol for chats are here, those of others in `worst_requests`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from tests.ai_proxy.gateway import Json
from tests.ai_proxy.mutations import places

from ai_proxy.wire import limits
from ai_proxy.wire.json import BOUNDS
from proxywasm.json_bounds import CONTAINER

MARK = "@@@@"
Make = Callable[[str], bytes]


def padded(document: Json, unit: str, first: str = "") -> bytes:
    """The document with so much of `unit` in the place of its mark that it is as large as it may be."""
    head, tail = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode().split(MARK.encode())
    head, piece = head + first.encode(), unit.encode()
    return head + piece * ((limits.BODY - len(head) - len(tail)) // len(piece)) + tail


def chat(model: str, *messages: Json, **more: Any) -> Json:
    return {"model": model, "max_tokens": 5, "messages": [*messages] or [user("a")], **more}


def user(content: Any) -> Json:
    return {"role": "user", "content": content}


def calls(count: int, arguments: str = "{}") -> Json:
    function = {"name": "f", "arguments": arguments}
    return {
        "role": "assistant",
        "tool_calls": [{"id": str(n), "type": "function", "function": function} for n in range(count)],
    }


def result(number: int) -> Json:
    return {"role": "tool", "tool_call_id": str(number), "content": "x"}


def tool(model: str, parameters: Any) -> Json:
    return chat(model, tools=[{"type": "function", "function": {"name": "f", "parameters": parameters}}])


def dense(document: Json) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def image(model: str) -> Json:
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{MARK}"}}
    return chat(model, user([{"type": "text", "text": "What is this? 😀"}, picture]))


V, C = BOUNDS.values, CONTAINER


def in_schema(document: Callable[[str, Any], Json]) -> dict[str, Make]:
    """All of the values in the schema of a tool."""
    names = {f"p{n}": 1 for n in range(V - 99)}
    long_number, long_numbers = 10 ** (BOUNDS.digits - 1), limits.BODY // (BOUNDS.digits + 1) - 9
    return {
        "names": lambda model: dense(document(model, names)),
        "names and an escaped emoji": lambda model: dense(document(model, {**names, "😀": 1})),
        "one name again and again": lambda model: dense(document(model, {"p": MARK})).replace(
            f'"p":"{MARK}"'.encode(), b",".join([b'"p":1'] * (V - 99))
        ),
        "numbers": lambda model: dense(document(model, {"enum": [-0.123456789012345678] * (V - 99)})),
        "long numbers": lambda model: dense(document(model, {"enum": [long_number] * long_numbers})),
        "depth": lambda model: dense(document(model, MARK)).replace(
            f'"{MARK}"'.encode(),
            b"[" + b",".join([b'{"a":' * 240 + b"1" + b"}" * 240] * (V // (240 * C + 9))) + b"]",
        ),
    }


ESCAPED: Final = r"\ud83d\ude00"
"""An emoji as clients write it that write ASCII only."""

BYTES: dict[str, Make] = {
    "a text": lambda model: padded(chat(model, user(MARK)), "lorem, [x] "),
    "a text with an emoji": lambda model: padded(chat(model, user(MARK)), "a", "😀"),
    "a text with an escaped emoji": lambda model: padded(chat(model, user(MARK)), "a", ESCAPED),
    "a Chinese text": lambda model: padded(chat(model, user(MARK)), "你"),
    "a text of escapes": lambda model: padded(chat(model, user(MARK)), r"\""),
    "an image": lambda model: padded(image(model), "QUJD"),
    "a system prompt with an emoji": lambda model: padded(
        chat(model, {"role": "system", "content": MARK}, user("a")), "a", "😀"
    ),
    "arguments": lambda model: padded(chat(model, user("a"), calls(1, MARK), result(0)), "x"),
    "a text in arguments": lambda model: padded(
        chat(model, user("a"), calls(1, '{"a":"' + MARK + '"}'), result(0)), "a", ESCAPED
    ),
    "white space": lambda model: b" " * (limits.BODY - 100) + dense(chat(model)) + b"\n",
}
"""All of the bytes in one place."""

VALUES: dict[str, Make] = {
    "messages": lambda model: dense(chat(model, *[user("a")] * (V // (C + 2) - 9))),
    "messages without anything": lambda model: dense(chat(model, *[{}] * (V // (C + 1) - 9))),
    "parts": lambda model: dense(chat(model, user([{"type": "text", "text": "a"}] * (V // (C + 2) - 9)))),
    "tools": lambda model: dense(
        chat(model, tools=[{"type": "function", "function": {"name": "f"}}] * (V // (2 * C + 3)))
    ),
    "calls with results": lambda model: dense(
        chat(model, user("a"), calls(V // (3 * C + 9)), *map(result, range(V // (3 * C + 9))))
    ),
    "values in arguments": lambda model: dense(
        chat(model, user("a"), calls(1, '{"a":[' + "1," * (V - 99) + "1]}"), result(0))
    ),
    **in_schema(tool),
}
"""All of the values in one place."""

CHATS = BYTES | VALUES


def worst_answers(document: Json) -> Iterator[tuple[str, bytes]]:
    """An answer of a service, at the limit in one way."""
    *way, last = max(places(document), key=lambda path: len(text_at(document, path)))
    with_mark = copy.deepcopy(document)
    at(with_mark, way)[last] = MARK
    yield "a text", padded(with_mark, "lorem, [x] ")
    yield "a text with an emoji", padded(with_mark, "a", "😀")
    yield "a text with an escaped emoji", padded(with_mark, "a", ESCAPED)
    for path in places(document):
        if isinstance(items := at(document, path), list) and items:
            many = copy.deepcopy(document)
            times = (V - weight(document)) // weight(items)
            at(many, path[:-1])[path[-1]] = items * times
            yield f"{path[-1]} in plenty", dense(many)


def at(value: Any, path: Sequence[Any]) -> Any:
    for key in path:
        value = value[key]
    return value


def text_at(document: Json, path: Sequence[Any]) -> str:
    value = at(document, path)
    return value if isinstance(value, str) else ""


def weight(value: Any) -> int:
    """How much of `BOUNDS.values` it takes, and a little more."""
    if isinstance(value, dict):
        return C + sum(1 + weight(inner) for inner in value.values())
    return C + sum(1 + weight(inner) for inner in value) if isinstance(value, list) else 0
