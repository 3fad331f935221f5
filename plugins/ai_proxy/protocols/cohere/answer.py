"""Converts Cohere's answers, of version 2 of its protocol and of version 1.

Source: docs.cohere.com, "Chat" and "Chat with Streaming". Each event of a stream has a `type`; text, plans for tools
and arguments of calls arrive in pieces.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from proxywasm import Event

from ...wire import lenient
from ...wire.errors import ApiError, bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..pivot import chat_parts
from ..pivot.chat import choice, completion
from ..pivot.citations import Citation, Size, address
from ..pivot.finish_reasons import known
from ..pivot.tool_calls import place

_FINISH: Final = {
    "COMPLETE": "stop", "STOP_SEQUENCE": "stop", "MAX_TOKENS": "length", "TOOL_CALL": "tool_calls",
    "ERROR_TOXIC": "content_filter", "ERROR_LIMIT": "length", "USER_CANCEL": "stop",
}  # fmt: skip
_FAILED: Final = {"ERROR": 502, "TIMEOUT": 504}


def response(exchange: Exchange, document: Json) -> Json:
    if (failure := error(200, document)) is not None:
        raise failure
    given = document.get("message")
    message: Json = {"role": "assistant", "content": None}
    if isinstance(given, dict):
        _fill(message, given)
    elif isinstance(document.get("text"), str):
        message["content"] = document["text"]
    else:
        raise bad_upstream("the upstream's answer has no message")
    if annotations := _annotations(lenient.mapping(given).get("citations"), Size()):
        message["annotations"] = annotations
    identity = lenient.text(document.get("id")) or lenient.text(document.get("generation_id"))
    converted = choice(0, message, _finish_reason(document), _logprobs(document.get("logprobs")))
    return completion(identity, exchange.model, [converted], _usage(document))


@dataclass(slots=True)
class State:
    """The state of one stream: the client's index of a tool call by Cohere's, and what its citations add."""

    calls: dict[int, int] = field(default_factory=dict)
    cited: Size = field(default_factory=Size)


def new_state(exchange: Exchange) -> State:  # noqa: ARG001
    return State()


def event(
    exchange: Exchange,  # noqa: ARG001
    state: State,
    event: Event,
    document: Json,
    writer: StreamWriter,
) -> None:
    kind = lenient.text(document.get("type")) or lenient.text(document.get("event_type")) or event.event
    delta = lenient.mapping(document.get("delta"))
    message = lenient.mapping(delta.get("message"))
    if kind in {"message-start", "stream-start"}:
        writer.begin(lenient.text(document.get("id")) or lenient.text(document.get("generation_id")))
    elif kind == "text-generation":
        writer.delta(0, {"role": "assistant", "content": lenient.text(document.get("text"))})
    elif kind in {"content-start", "content-delta"}:
        logprobs = _logprobs(document.get("logprobs"))
        for part in _parts(message.get("content")):
            writer.delta(0, part, logprobs=logprobs)
    elif kind == "tool-plan-delta":
        writer.delta(0, {"reasoning_content": lenient.text(message.get("tool_plan"))})
    elif kind in {"tool-call-start", "tool-call-delta"}:
        _tool_call(state, document, message, writer, starts=kind == "tool-call-start")
    elif kind == "citation-start":
        if annotations := _annotations([message.get("citations")], state.cited):
            writer.delta(0, {"annotations": annotations})
    elif kind in {"message-end", "stream-end"}:
        source = delta or lenient.mapping(document.get("response")) or document
        writer.finish(0, _finish_reason({**document, **source}))
        if usage := _usage(source):
            writer.usage(usage)
        writer.may_end = True
    elif (failure := error(200, document)) is not None:
        raise failure


def error(status: int, document: Json) -> ApiError | None:
    """`{"message": "text"}`. In answers `message` is an object."""
    message = lenient.text(document.get("message"))
    if not message:
        return None
    return ApiError(status if status >= 400 else 502, message)


def _fill(message: Json, given: Json) -> None:
    parts = _parts(given.get("content"))
    texts = [part["content"] for part in parts if "content" in part]
    reasoning = [part["reasoning_content"] for part in parts if "reasoning_content" in part]
    if plan := lenient.text(given.get("tool_plan")):
        reasoning.append(plan)
    if texts:
        message["content"] = "".join(texts)
    if reasoning:
        message["reasoning_content"] = "".join(reasoning)
    if calls := lenient.objects(given.get("tool_calls")):
        message["tool_calls"] = [{"index": position, **one} for position, one in enumerate(calls)]


def _parts(content: Any) -> list[Json]:
    """The deltas of text and reasoning in a content, which is one part or a list of parts."""
    if isinstance(content, str):
        return [{"content": content}]
    items = lenient.objects(content if isinstance(content, list) else [content])
    return [
        {"content": part["text"]} if isinstance(part.get("text"), str) else {"reasoning_content": part["thinking"]}
        for part in items
        if isinstance(part.get("text"), str) or isinstance(part.get("thinking"), str)
    ]


def _annotations(citations: Any, size: Size) -> list[Json]:
    """Citations of documents that have an address. Their places are in the text.

    Source: docs.cohere.com, "Chat", `citations`: a document has the fields that the client has given it.
    """
    result = []
    for citation in lenient.objects(citations):
        if citation.get("type", "TEXT_CONTENT") != "TEXT_CONTENT":
            continue  # Of a plan or of reasoning, which are not in the text.
        start, end = citation.get("start"), citation.get("end")
        for source in lenient.objects(citation.get("sources")):
            document = lenient.mapping(source.get("document"))
            url, title = address(document.get("url")), lenient.text(document.get("title"))
            if url and type(start) is int and type(end) is int and 0 <= start <= end:
                cited = Citation(url, title, lenient.text(document.get("snippet")), start, end)
                size.add(cited)
                result.append(cited.annotation())
    return result


def _tool_call(state: State, document: Json, message: Json, writer: StreamWriter, *, starts: bool) -> None:
    given = lenient.mapping(message.get("tool_calls"))
    function = lenient.mapping(given.get("function"))
    part: Json = {"index": state.calls.setdefault(place(document.get("index"), 0), len(state.calls))}
    function_delta: Json = {"arguments": lenient.text(function.get("arguments"))}
    if starts:
        part |= {"id": lenient.text(given.get("id")), "type": "function"}
        function_delta = {"name": lenient.text(function.get("name")), **function_delta}
    writer.delta(0, {"tool_calls": [{**part, "function": function_delta}]})


def _finish_reason(document: Json) -> str:
    """Raises `ApiError` if the reason is a failure of the service."""
    reason, why = lenient.text(document.get("finish_reason")), lenient.text(document.get("error"))
    if why or reason in _FAILED or (reason.startswith("ERROR") and reason not in _FINISH):
        raise ApiError(_FAILED.get(reason, 502), why or "the upstream has failed", code="upstream_error")
    return known(reason, _FINISH) if reason else "stop"


def _logprobs(given: Any) -> Json | None:
    """Converts log probabilities. An item has a piece of text and a number for each of its tokens, usually one."""
    items = lenient.objects(given if isinstance(given, list) else [given])
    tokens = []
    for item in items:
        text, numbers = lenient.text(item.get("text")), item.get("logprobs")
        numbers = [one for one in numbers if lenient.is_number(one)] if isinstance(numbers, list) else []
        if numbers:
            token = {"token": text, "logprob": sum(numbers), "bytes": list(text.encode(errors="replace"))}
            tokens.append({**token, "top_logprobs": []})
    return {"content": tokens} if tokens else None


def _usage(document: Json) -> Json | None:
    usage = lenient.mapping(document.get("usage") or document.get("meta"))
    tokens = usage.get("tokens") or usage.get("billed_units")
    if not isinstance(tokens, dict):
        return None
    return chat_parts.usage(tokens.get("input_tokens"), tokens.get("output_tokens"), cached=usage.get("cached_tokens"))
