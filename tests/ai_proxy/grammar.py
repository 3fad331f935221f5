"""The rules that clients rely on: the grammar of answers and streams in OpenAI's and in Anthropic's protocol."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.ai_proxy.gateway import Json


@dataclass
class Choice:
    """The content of one choice of a stream."""

    text: str = ""
    reasoning: str = ""
    reason: str | None = None
    calls: list[list[str]] = field(default_factory=list)
    """Id, name and arguments of each."""


def chat_stream(data: Sequence[str], *, failed: bool) -> dict[int, Choice]:
    """The choices of a stream of chunks; fails for an invalid stream.

    A role comes first, a finish last; calls are numbered from 0 and have their id and name from the beginning; usage
    comes after all that, once; then `[DONE]`, or, wherever that happened, an error.
    """
    *chunks, last = data
    if failed:
        assert set(json.loads(last)) == {"error"}
    else:
        assert last == "[DONE]"
    choices: dict[int, Choice] = {}
    heads = set()
    ended = False
    for item in chunks:
        chunk = json.loads(item)
        assert chunk["object"] == "chat.completion.chunk"
        assert isinstance(chunk["created"], int)
        heads.add((chunk["id"], chunk["created"], chunk["model"]))
        assert not ended, "nothing follows the usage"
        with_content = [one for one in chunk["choices"] if one["delta"] or one["finish_reason"]]
        if not with_content:
            assert chunk["usage"] is not None
            ended = True
            continue
        (one,) = with_content
        _piece(choices, one)
    assert len(heads) <= 1, "id, time and model are the same in all chunks"
    assert all(name and isinstance(name, str) for name, _, _ in heads)
    if not failed:
        assert choices
        assert all(choice.reason for choice in choices.values())
    return choices


def _piece(choices: dict[int, Choice], one: Json) -> None:
    delta, reason = one["delta"], one["finish_reason"]
    if one["index"] not in choices:
        assert isinstance(one["index"], int)
        assert isinstance(delta["role"], str), "the role comes first"
        assert delta["role"]
    choice = choices.setdefault(one["index"], Choice())
    assert choice.reason is None, "nothing follows the finish"
    choice.text += _text(delta.get("content"))
    choice.reasoning += _text(delta.get("reasoning_content"))
    for call in delta.get("tool_calls", []):
        function = call["function"]
        assert isinstance(function["arguments"], str)
        if call["index"] == len(choice.calls):
            assert call["type"] == "function"
            assert isinstance(call["id"], str)
            assert call["id"]
            choice.calls.append([call["id"], function["name"], ""])
        known = choice.calls[call["index"]]
        assert call.get("id", known[0]) == known[0], "an id does not change"
        assert known[1] in {"", function.get("name", known[1])}
        known[1] = known[1] or function.get("name", "")
        known[2] += function["arguments"]
    assert reason is None or (isinstance(reason, str) and reason)
    choice.reason = reason


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    assert isinstance(content, str | None)
    return content or ""


def chat_answer(answer: Json) -> None:
    """A whole answer."""
    assert answer["object"] == "chat.completion"
    assert isinstance(answer["id"], str)
    assert answer["id"]
    assert isinstance(answer["created"], int)
    assert [choice["index"] for choice in answer["choices"]] == list(range(len(answer["choices"])))
    for choice in answer["choices"]:
        message = choice["message"]
        assert isinstance(message["role"], str)
        assert isinstance(message.get("content"), str | list | None)
        assert isinstance(choice["finish_reason"], str | None)
        for place, call in enumerate(message.get("tool_calls") or []):
            assert call.get("index", place) == place
            assert call["id"]
            assert isinstance(call["function"]["name"], str)
            assert isinstance(call["function"]["arguments"], str)
    assert isinstance(answer["usage"], dict | None)


def claude_blocks(documents: list[Json]) -> list[tuple[str, str, str]]:
    """Kind, name and content of each block of a stream of events; fails for an invalid order."""
    blocks: list[tuple[str, str, str]] = []
    state = "new"
    for document in documents:
        kind = document["type"]
        if kind == "message_start":
            assert state == "new"
            assert set(document["message"]["usage"]) >= {"input_tokens", "output_tokens"}
            state = "between"
        elif kind == "content_block_start":
            assert state == "between"
            assert document["index"] == len(blocks)
            block = document["content_block"]
            blocks.append((block["type"], block.get("name", ""), ""))
            state = "in block"
        elif kind == "content_block_delta":
            assert state == "in block"
            assert document["index"] == len(blocks) - 1
            delta = document["delta"]
            name, label, content = blocks[-1]
            key = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
            blocks[-1] = (name, label, content + delta.get(key.get(delta["type"], ""), ""))
        elif kind == "content_block_stop":
            assert state == "in block"
            assert document["index"] == len(blocks) - 1
            state = "between"
        elif kind == "message_delta":
            assert state == "between"
            state = "ending"
        elif kind == "message_stop":
            assert state == "ending"
            state = "ended"
        else:
            assert kind == "error"
            assert state not in {"ended", "failed"}
            state = "failed"
    return blocks


def claude_stream(documents: list[Json], *, failed: bool) -> list[tuple[str, str, str]]:
    """The blocks of a complete stream."""
    assert documents[-1]["type"] == ("error" if failed else "message_stop")
    if failed:
        claude_error(documents[-1])
    return claude_blocks(documents)


def claude_answer(message: Json) -> None:
    """A whole message."""
    assert (message["type"], message["role"]) == ("message", "assistant")
    assert isinstance(message["id"], str)
    assert message["id"]
    assert set(message["usage"]) >= {"input_tokens", "output_tokens"}
    for block in message["content"]:
        if block["type"] == "tool_use":
            assert block["id"]
            assert isinstance(block["name"], str)
            assert isinstance(block["input"], dict)
        else:
            assert isinstance(block[block["type"]], str)
            # Thinking that is not shown is empty, and comes back by its signature. Source: docs.anthropic.com,
            # "Extended thinking", "Controlling thinking display".
            assert block[block["type"]] or block.get("signature")


def chat_error(document: Json) -> None:
    """An error of OpenAI's protocol."""
    error = document["error"]
    assert isinstance(error["message"], str)
    assert error["message"]
    assert isinstance(error.get("code"), str | int | None)


def claude_error(document: Json) -> None:
    """An error of Anthropic's."""
    assert document["type"] == "error"
    assert document["error"]["message"]
    assert document["error"]["type"].endswith(("_error", "request_too_large"))
