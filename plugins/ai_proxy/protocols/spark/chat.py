"""iFLYTEK Spark: OpenAI's requests, and answers that resemble OpenAI's.

Source: xfyun.cn, "Spark HTTP API". Answers have a `code`, which is 0 for success, and their id as `sid`; most have no
finish reason. Errors may have status 200.
"""

from __future__ import annotations

from types import NoneType
from typing import Any, Final

from proxywasm import Event

from ...wire import lenient
from ...wire.errors import ApiError, bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import no_state as new_state
from ..interface import sse_decoder as decoder
from ..pivot import model_rules
from ..pivot.chat import choice, completion
from ..pivot.finish_reasons import known
from ..pivot.tool_calls import place

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False

# Source: xfyun.cn, "Error codes" of the Spark service.
_STATUS = {
    10004: 400, 10005: 400, 10006: 429, 10007: 429, 10013: 400, 10014: 400, 10015: 403, 10016: 403, 10019: 400,
    10163: 400, 10907: 400, 11200: 403, 11201: 429, 11202: 429, 11203: 429,
}  # fmt: skip


def request(exchange: Exchange, body: Json) -> Json:
    model_rules.apply(exchange, body)
    return body


def response(exchange: Exchange, document: Json) -> Json:
    if (failure := error(200, document)) is not None:
        raise failure
    choices = []
    for index, item in enumerate(_choices(document)):
        message = item.get("message")
        if not isinstance(message, dict):
            raise bad_upstream("the upstream's answer has a choice without a message")
        message = {"role": "assistant", "content": None, **message}
        reason = lenient.text(item.get("finish_reason")) or ("tool_calls" if message.get("tool_calls") else "stop")
        choices.append(choice(index, _as_openais(message), known(reason)))
    answer = completion(_id(document), exchange.model, choices, _usage(document))
    if lenient.count(document.get("created")):
        answer["created"] = lenient.count(document["created"])
    return answer


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    if (failure := error(200, document)) is not None:
        raise failure
    writer.begin(_id(document), created=document.get("created"))
    usage = _usage(document)
    for position, item in enumerate(_choices(document)):
        index = place(item.get("index"), position)
        delta = item.get("delta")
        if isinstance(delta, dict) and delta:
            writer.delta(index, _as_openais(delta), usage=usage)
        if reason := lenient.text(item.get("finish_reason")):
            writer.finish(index, known(reason))


def error(status: int, document: Json) -> ApiError | None:
    code, message = document.get("code"), document.get("message")
    inner = document.get("error")
    if isinstance(inner, dict):  # Newer versions of the service use OpenAI's format.
        code, message = inner.get("code"), inner.get("message")
        code = lenient.digits(code) or code
    elif not code:
        return None
    if status < 400:
        status = _STATUS.get(code, 502) if isinstance(code, int) else 502
    name = str(code) if isinstance(code, (str, int)) else None
    return ApiError(status, lenient.text(message) or f"error {name or 'unknown'}", code=name)


def _choices(document: Json) -> list[Json]:
    choices = document.get("choices")
    if not isinstance(choices, list) or not all(isinstance(item, dict) for item in choices):
        raise bad_upstream("the upstream's answer has no choices")
    return choices


def _as_openais(message: Json) -> Json:
    """Converts a message: Spark sends a single tool call, as an object. A content that is not a text is dropped."""
    invalid = [name for name in ("content", "reasoning_content") if not isinstance(message.get(name), (str, NoneType))]
    message = {name: value for name, value in message.items() if name not in invalid}
    calls: Any = message.get("tool_calls")
    if isinstance(calls, dict):
        calls = [calls]
    if "tool_calls" not in message:
        return message
    return {**message, "tool_calls": [{"index": place, **one} for place, one in enumerate(lenient.objects(calls))]}


def _id(document: Json) -> str:
    return lenient.text(document.get("sid")) or lenient.text(document.get("id"))


def _usage(document: Json) -> Json | None:
    usage = document.get("usage")
    return usage if isinstance(usage, dict) else None
