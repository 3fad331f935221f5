"""Answers of services whose protocol only they have, whole and streamed, as far as it has a place for what is said."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from tests.ai_proxy.gateway import Json
from tests.ai_proxy.service_answers import Said, Writer


def _whole(document: Json) -> bytes:
    return json.dumps(document).encode()


def _events(documents: Iterable[Any], *, done: bool = False) -> bytes:
    return ("".join(f"data: {json.dumps(one)}\n\n" for one in documents) + "data: [DONE]\n\n" * done).encode()


_REASONS: Final = {"end": "stop", "calls": "tool_calls"}
_USAGE: Final = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


def _hunyuan(field: str, reason: str, part: Json) -> Json:
    usage = {"PromptTokens": 1, "CompletionTokens": 2, "TotalTokens": 3}
    return {"Id": "h", "Usage": usage, "Choices": [{field: {"Role": "assistant", **part}, "FinishReason": reason}]}


def _hunyuan_parts(one: Said) -> list[Json]:
    calls = [
        {"Id": call_id, "Type": "function", "Index": index,
         "Function": {"Name": name, "Arguments": json.dumps(arguments)}}
        for index, (call_id, name, arguments) in enumerate(one.calls)
    ]  # fmt: skip
    return [{"ReasoningContent": one.reasoning}, {"Content": one.text}, {"ToolCalls": calls} if calls else {}]


def hunyuan_whole(one: Said) -> bytes:
    message: Json = {}
    for part in _hunyuan_parts(one):
        message |= part
    return _whole({"Response": _hunyuan("Message", _REASONS[one.end], message)})


def hunyuan_stream(one: Said) -> bytes:
    parts = [_hunyuan("Delta", "", part) for part in _hunyuan_parts(one)]
    return _events([*parts, _hunyuan("Delta", _REASONS[one.end], {})])


def _minimax(one: Said) -> Json:
    """A message has one call at most, and no thoughts."""
    message: Json = {"sender_type": "BOT", "sender_name": "B", "text": one.text}
    for _, name, arguments in one.calls[:1]:
        message["function_call"] = {"name": name, "arguments": json.dumps(arguments)}
    return message


def minimax_whole(one: Said) -> bytes:
    choice = {"finish_reason": "stop", "messages": [_minimax(one)]}
    return _whole({"id": "m", "choices": [choice], "usage": _USAGE, "base_resp": {"status_code": 0}})


def minimax_stream(one: Said) -> bytes:
    """The last event of a choice repeats all of it."""
    last = {"id": "m", "choices": [{"finish_reason": "stop", "messages": [_minimax(one)]}], "usage": _USAGE}
    return _events([{"choices": [{"messages": [_minimax(one)]}]}, last])


def _spark_parts(one: Said) -> list[Json]:
    """A message has one call at most, which is an object."""
    parts: list[Json] = [{"role": "assistant", "reasoning_content": one.reasoning}, {"content": one.text}]
    for call_id, name, arguments in one.calls[:1]:
        function = {"name": name, "arguments": json.dumps(arguments)}
        parts.append({"tool_calls": {"id": call_id, "type": "function", "function": function}})
    return parts


def spark_whole(one: Said) -> bytes:
    message: Json = {}
    for part in _spark_parts(one):
        message |= part
    return _whole({"code": 0, "sid": "s", "choices": [{"message": message}], "usage": _USAGE})


def spark_stream(one: Said) -> bytes:
    choices = [{"index": 0, "delta": part} for part in _spark_parts(one)]
    usage: list[Json] = [{}] * (len(choices) - 1) + [{"usage": _USAGE}]
    return _events(
        ({"code": 0, "sid": "s", "choices": [choice], **more} for choice, more in zip(choices, usage, strict=True)),
        done=True,
    )


def dify_whole(one: Said) -> bytes:
    """An app answers with a text."""
    return _whole({"conversation_id": "c", "answer": one.text, "metadata": {"usage": _USAGE}})


def dify_stream(one: Said) -> bytes:
    said = {"event": "message", "conversation_id": "c", "answer": one.text}
    thought = {"event": "agent_thought", "conversation_id": "c", "thought": one.reasoning}
    return _events([thought, said, {"event": "message_end", "conversation_id": "c", "metadata": {"usage": _USAGE}}])


def triton_whole(one: Said) -> bytes:
    return _whole({"id": "t", "model_name": "m", "text_output": one.text})


def triton_stream(one: Said) -> bytes:
    return _events([{"id": "t", "text_output": one.text}])


def deepl_whole(one: Said) -> bytes:
    return _whole({"translations": [{"text": one.text, "detected_source_language": "EN"}]})


MORE_WRITERS: Final[dict[str, tuple[Writer, Writer | None]]] = {
    "hunyuan-native": (hunyuan_whole, hunyuan_stream),
    "minimax-pro": (minimax_whole, minimax_stream),
    "spark": (spark_whole, spark_stream),
    "dify": (dify_whole, dify_stream),
    "triton": (triton_whole, triton_stream),
    "deepl": (deepl_whole, None),
}
"""By the service. None: it does not stream, so its clients get the whole answer as a stream."""
