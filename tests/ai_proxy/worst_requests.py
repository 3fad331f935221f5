"""Requests at the bounds of what ai_proxy admits, by API: the most expensive ones for each client protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tests.ai_proxy.conversions import PROVIDERS
from tests.ai_proxy.gateway import COMPATIBLE, Json
from tests.ai_proxy.worst_bodies import CHATS, ESCAPED, MARK, C, Make, V, dense, in_schema, padded, user

from ai_proxy.wire import limits

JSON: Final = {"content-type": "application/json"}
FORM: Final = {"content-type": "multipart/form-data; boundary=x1"}

TEXT: Final[Json] = {"type": "text", "text": "a"}

# Anthropic's messages.


def message(model: str, *messages: Json, **more: Any) -> Json:
    return {"model": model, "max_tokens": 5, "messages": [*messages] or [user("a")], **more}


def uses(count: int, given: Any) -> list[Json]:
    """Calls of a tool, and their results."""
    blocks = [{"type": "tool_use", "id": f"c{n}", "name": "f", "input": given} for n in range(count)]
    results = [{"type": "tool_result", "tool_use_id": f"c{n}", "content": "x"} for n in range(count)]
    return [user("a"), {"role": "assistant", "content": blocks}, user(results)]


def image() -> Json:
    source = {"type": "base64", "media_type": "image/png", "data": MARK}
    return user([{"type": "text", "text": "What is this? 😀"}, {"type": "image", "source": source}])


def thought() -> Json:
    return {"role": "assistant", "content": [{"type": "thinking", "thinking": MARK, "signature": "s"}]}


def with_tool(model: str, schema: Any) -> Json:
    return message(model, tools=[{"name": "f", "input_schema": schema}])


MESSAGES: dict[str, Make] = {
    "a text": lambda model: padded(message(model, user(MARK)), "lorem, [x] "),
    "a text with an emoji": lambda model: padded(message(model, user(MARK)), "a", "😀"),
    "a text with an escaped emoji": lambda model: padded(message(model, user(MARK)), "a", ESCAPED),
    "a text of escapes": lambda model: padded(message(model, user(MARK)), r"\""),
    "an image": lambda model: padded(message(model, image()), "QUJD"),
    "a system prompt with an emoji": lambda model: padded(message(model, system=MARK), "a", "😀"),
    "a thought with an emoji": lambda model: padded(message(model, user("a"), thought(), user("b")), "a", "😀"),
    "a text in the input of a tool": lambda model: padded(message(model, *uses(1, {"a": MARK})), "a", ESCAPED),
    "escapes in the input of a tool": lambda model: padded(message(model, *uses(1, {"a": MARK})), r"\""),
    "messages": lambda model: dense(message(model, *[user("a")] * (V // (C + 2) - 9))),
    "parts": lambda model: dense(message(model, user([TEXT] * (V // (C + 2) - 9)))),
    "parts of a result": lambda model: dense(
        message(
            model,
            *uses(1, {})[:2],
            user([{"type": "tool_result", "tool_use_id": "c0", "content": [TEXT] * (V // 13)}]),
        )
    ),
    "calls with results": lambda model: dense(message(model, *uses(V // (3 * C + 9), {}))),
    "values in the input of a tool": lambda model: dense(message(model, *uses(1, {"a": [1] * (V - 199)}))),
    **in_schema(with_tool),
}

# Requests of the Responses API.


def items(model: str, *given: Json, **more: Any) -> Json:
    return {"model": model, "max_output_tokens": 5, "input": [*given] or [user("a")], **more}


def called(count: int, given: str) -> list[Json]:
    """Calls of a tool, and their results."""
    calls = [{"type": "function_call", "call_id": f"c{n}", "name": "f", "arguments": given} for n in range(count)]
    results = [{"type": "function_call_output", "call_id": f"c{n}", "output": "x"} for n in range(count)]
    return [user("a"), *calls, *results]


def reasoned(content: str) -> Json:
    return {"type": "reasoning", "summary": [], "encrypted_content": content}


PICTURE: Final[Json] = {"type": "input_image", "image_url": f"data:image/png;base64,{MARK}"}
PART: Final[Json] = {"type": "input_text", "text": "a"}
BLOCK: Final = '{\\"type\\":\\"thinking\\",\\"thinking\\":\\"a\\",\\"signature\\":\\"s\\"},'

RESPONSES: dict[str, Make] = {
    "a text with an emoji": lambda model: padded(items(model, user(MARK)), "a", "😀"),
    "a text with an escaped emoji": lambda model: padded(items(model, user(MARK)), "a", ESCAPED),
    "an image": lambda model: padded(items(model, user([PART, PICTURE])), "QUJD"),
    "instructions with an emoji": lambda model: padded(items(model, instructions=MARK), "a", "😀"),
    "a text in arguments": lambda model: padded(items(model, *called(1, '{"a":"' + MARK + '"}')), "a", ESCAPED),
    "the input of a custom tool": lambda model: padded(
        items(model, user("a"), {"type": "custom_tool_call", "call_id": "c", "name": "p", "input": MARK}), r"\""
    ),
    "a description with an emoji": lambda model: padded(
        items(model, tools=[{"type": "custom", "name": "p", "description": MARK}]), "a", "😀"
    ),
    "encrypted blocks": lambda model: padded(items(model, user("a"), reasoned(f"[{MARK}null]"), user("b")), BLOCK),
    "items": lambda model: dense(items(model, *[user("a")] * (V // (C + 2) - 9))),
    "thoughts": lambda model: dense(items(model, *[reasoned("[]")] * (V // (2 * C + 3) - 9))),
    "parts": lambda model: dense(items(model, user([PART] * (V // (C + 2) - 9)))),
    "calls with results": lambda model: dense(items(model, *called(V // (2 * C + 9), "{}"))),
    "tools": lambda model: dense(
        items(model, tools=[{"type": "function", "name": f"f{n}"} for n in range(V // (C + 2) - 9)])
    ),
    "tools in a namespace": lambda model: dense(
        items(
            model,
            tools=[{"type": "namespace", "name": "n" * 200, "tools": [{"type": "function", "name": "f"}] * (V // 13)}],
        )
    ),
    **in_schema(lambda model, schema: items(model, tools=[{"type": "function", "name": "f", "parameters": schema}])),
}

# APIs of OpenAI's beside chats.


def texts_of(field: str) -> dict[str, Make]:
    return {
        "a text with an emoji": lambda model: padded({"model": model, field: MARK}, "a", "😀"),
        "a text with an escaped emoji": lambda model: padded({"model": model, field: MARK}, "a", ESCAPED),
        "texts": lambda model: dense({"model": model, field: ["a"] * (V - 99)}),
        "tokens": lambda model: dense({"model": model, field: [7] * (V - 99)}),
    }


def form(model: str, byte: bytes) -> bytes:
    """An image of this byte."""
    disposition = b"--x1\r\ncontent-disposition: form-data; name="
    head = disposition + b'"model"\r\n\r\n' + model.encode() + b"\r\n" + disposition + b'"prompt"\r\n\r\na\r\n'
    head += disposition + b'"image"; filename="a.png"\r\ncontent-type: image/png\r\n\r\n'
    tail = b"\r\n--x1--\r\n"
    return head + byte * (limits.BODY - len(head) - len(tail)) + tail


FORMS: dict[str, Make] = {
    "an image of ASCII": lambda model: form(model, b"a"),
    "an image without ASCII": lambda model: form(model, b"\xff"),
    "line breaks": lambda model: form(model, b"\n"),
}

OPENAI: Final[Json] = {"type": "openai", "apiTokens": ["sk-1"]}
OTHERS: dict[str, tuple[Json, str]] = {"compatible": (COMPATIBLE, "qwen-max"), "openai": (OPENAI, "gpt-5")}
ALL: dict[str, tuple[Json, str]] = PROVIDERS | OTHERS
"""Providers with a model: all that convert, and two that do not."""

WORST: Mapping[str, dict[str, Make]] = {
    "/v1/chat/completions": CHATS,
    "/v1/messages": MESSAGES,
    "/v1/responses": RESPONSES,
    "/v1/embeddings": texts_of("input"),
    "/v1/completions": texts_of("prompt"),
    "/v1/images/edits": FORMS,
}
"""By the path of the client's API."""

HEAVY: Final = {
    "a text with an emoji", "a text with an escaped emoji", "a text in arguments", "a thought with an emoji",
    "a text in the input of a tool", "escapes in the input of a tool", "an image", "texts", *FORMS,
}  # fmt: skip
"""Kinds that take more than 250 MiB of an instance somewhere."""

CASES: Final = [
    *((name, path) for path in ("/v1/chat/completions", "/v1/messages", "/v1/responses") for name in ALL),
    *((name, "/v1/embeddings") for name in ("gemini", "vertex", "qwen", "openai")),
    ("openai", "/v1/completions"),
    *((name, "/v1/images/edits") for name in ("vertex", "openai")),
]
"""Providers and APIs whose bodies are read."""


def headers(path: str) -> dict[str, str]:
    return FORM if WORST[path] is FORMS else JSON
