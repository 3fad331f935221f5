"""OpenAI's protocol, the pivot, as a service protocol: for answers to clients of another protocol."""

from __future__ import annotations

from typing import Any, Final

from proxywasm import Event

from ...wire import lenient
from ...wire.errors import ApiError, from_anything
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import no_state as new_state
from ..interface import sse_decoder as decoder
from ..pivot import content_lists, finish_reasons, legacy_functions
from ..pivot.tool_calls import place
from . import sources

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "finish_reason", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False


def request(exchange: Exchange, body: Json) -> Json:  # noqa: ARG001
    return body


def response(exchange: Exchange, document: Json) -> Json:
    if (failure := error(200, document)) is not None:
        raise failure
    listed = [] if exchange.client.is_pivot else sources.listed(document)
    for choice in lenient.objects(document.get("choices")):
        if isinstance(message := choice.get("message"), dict):
            choice["message"] = content_lists.flattened(legacy_functions.with_tool_calls(message))
            if listed:
                choice["message"]["annotations"] = [*lenient.objects(message.get("annotations")), *listed]
        if reason := finish_reason(choice.get("finish_reason")):
            choice["finish_reason"] = _known(reason, choice)
    return document


def _known(reason: str, choice: Json) -> str:
    """OpenAI's word for a service's. Raises `ApiError`, in the service's words if it has any."""
    why = lenient.text(lenient.mapping(choice.get("error")).get("message"))
    if why and reason.lower() in finish_reasons.FAILED:
        raise finish_reasons.broken(reason, why)
    return finish_reasons.known(reason)


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    if (failure := error(200, document)) is not None:
        raise failure
    is_first = not writer.begun
    if is_first:
        writer.begin(lenient.text(document.get("id")), created=document.get("created"), model=document.get("model"))
    choices = document.get("choices")
    usage = document.get("usage")
    if usage is None and isinstance(choices, list) and choices and isinstance(choices[0], dict):
        usage = choices[0].get("usage")  # Moonshot's place for it.
    usage = usage if isinstance(usage, dict) else None
    for position, item in enumerate(choices if isinstance(choices, list) else []):
        if not isinstance(item, dict):
            continue
        index = place(item.get("index"), position)
        delta = item.get("delta")
        reason = finish_reason(item.get("finish_reason"))
        if isinstance(delta, dict) and (delta or not reason):
            if isinstance(delta.get("content"), list):
                delta = content_lists.flattened(delta)
            if "function_call" in delta:
                delta = legacy_functions.with_tool_calls(delta)
            writer.delta(index, delta, logprobs=item.get("logprobs"), usage=usage)
        if (reason or is_first) and not exchange.client.is_pivot and (listed := sources.listed(document)):
            # Services list them in the first event, in the last one, or in all.
            writer.delta(index, {"annotations": listed})
        if reason:
            writer.finish(index, _known(reason, item))
    # Some services send the usage with every event; the last one counts.
    if usage:
        writer.usage(usage)


def error(status: int, document: Json) -> ApiError | None:
    """`{"error": {...}}` or `{"error": "text"}`. In a body of status 200 only the code may give the status.

    Some services send it beside an answer: OpenRouter, when a model breaks off in the middle of a stream.
    """
    inner = document.get("error")
    if not inner or not isinstance(inner, (dict, str)):
        return None
    if document.get("choices") and not (isinstance(inner, str) or lenient.text(inner.get("message"))):
        return None
    code = inner.get("code") if isinstance(inner, dict) else None
    if status < 400:
        status = code if isinstance(code, int) and 400 <= code < 600 else 502
    return from_anything(status, b"", document)


def finish_reason(reason: Any) -> str:
    """The finish reason; some services send null as a text, or blanks around it."""
    reason = reason.strip() if isinstance(reason, str) else ""
    return "" if reason == "null" else reason
