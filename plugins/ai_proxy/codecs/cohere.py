"""Cohere's protocol for chat, version 2; answers are also understood as version 1 has them.

Source: docs.cohere.com, "Chat". Requests are nearly OpenAI's. A stream's events have a `type` each; text, plans for
tools and the arguments of calls come in pieces.
"""

from __future__ import annotations

from typing import Any

from proxywasm import Event

from ..call import Call
from ..chat import choice, completion
from ..errors import ApiError, bad_upstream
from ..jsonx import Json
from ..writers import Writer
from ..writers.calls import place
from . import plain

__all__ = ["error", "event", "request", "response"]

_PARAMETERS = {
    "temperature": "temperature", "top_p": "p", "p": "p", "top_k": "k", "k": "k", "seed": "seed",
    "frequency_penalty": "frequency_penalty", "presence_penalty": "presence_penalty",
    "response_format": "response_format", "documents": "documents", "safety_mode": "safety_mode",
    "citation_options": "citation_options", "thinking": "thinking",
}  # fmt: skip

_FINISH = {
    "COMPLETE": "stop", "STOP_SEQUENCE": "stop", "MAX_TOKENS": "length", "TOOL_CALL": "tool_calls",
    "ERROR_TOXIC": "content_filter", "ERROR_LIMIT": "length", "USER_CANCEL": "stop",
}  # fmt: skip


def request(call: Call, body: Json) -> Json:
    sent: Json = {"model": call.model, "messages": [_message(message) for message in plain.messages(body)]}
    sent["stream"] = call.stream
    if (limit := plain.max_tokens(body)) is not None:
        sent["max_tokens"] = limit
    sent |= {name: body[source] for source, name in _PARAMETERS.items() if body.get(source) is not None}
    if stop := plain.stops(body):
        sent["stop_sequences"] = stop
    if body.get("tools"):
        sent["tools"] = body["tools"]
    chosen = body.get("tool_choice")
    if isinstance(chosen, dict):
        # One function cannot be demanded, but all the others can be left out.
        function = chosen.get("function")
        name = function.get("name") if isinstance(function, dict) else None
        sent["tools"] = [tool for tool in plain.objects(body.get("tools")) if _name_of(tool) == name]
        sent["tool_choice"] = "REQUIRED"
    elif chosen in ("required", "none"):
        sent["tool_choice"] = chosen.upper()
    return sent


def response(call: Call, document: Json) -> Json:
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
    identity = plain.string(document.get("id")) or plain.string(document.get("generation_id"))
    reason = _finish_reason(document) or "stop"
    return completion(identity, call.model, [choice(0, message, reason)], _usage(document))


def event(call: Call, event: Event, document: Json, writer: Writer) -> None:
    kind = plain.string(document.get("type")) or plain.string(document.get("event_type")) or event.event
    delta = document.get("delta")
    delta = delta if isinstance(delta, dict) else {}
    message = delta.get("message")
    message = message if isinstance(message, dict) else {}
    if kind in {"message-start", "stream-start"}:
        writer.begin(plain.string(document.get("id")) or plain.string(document.get("generation_id")))
    elif kind == "text-generation":
        writer.delta(0, {"role": "assistant", "content": plain.string(document.get("text"))})
    elif kind in {"content-start", "content-delta"}:
        content = message.get("content")
        for part in _parts(content):
            writer.delta(0, part)
    elif kind == "tool-plan-delta":
        writer.delta(0, {"reasoning_content": plain.string(message.get("tool_plan"))})
    elif kind in {"tool-call-start", "tool-call-delta"}:
        _tool_call(call, document, message, writer, starts=kind == "tool-call-start")
    elif kind in {"message-end", "stream-end"}:
        ended = document.get("response")
        source = delta or (ended if isinstance(ended, dict) else document)
        reason = _finish_reason({**document, **source})
        if reason is None or plain.string(source.get("error")):
            raise ApiError(502, plain.string(source.get("error")) or "the upstream has failed", code="upstream_error")
        writer.finish(0, reason)
        if usage := _usage(source):
            writer.usage(usage)
        writer.may_end = True
    elif (failure := error(200, document)) is not None:
        raise failure


def error(status: int, document: Json) -> ApiError | None:
    """`{"message": "text"}`, where answers have an object."""
    message = plain.string(document.get("message"))
    if not message:
        return None
    return ApiError(status if status >= 400 else 502, message)


def _message(given: Json) -> Json:
    role = given.get("role")
    message: Json = {"role": "system" if role == "developer" else role}
    content = given.get("content")
    if role == "tool":
        return {**message, "tool_call_id": given.get("tool_call_id"), "content": plain.text_of(content)}
    if content is not None:
        message["content"] = content
    if given.get("tool_calls"):
        message["tool_calls"] = given["tool_calls"]
        if thought := plain.string(given.get("reasoning_content")):
            message["tool_plan"] = thought
    return message


def _name_of(tool: Json) -> Any:
    function = tool.get("function")
    return function.get("name") if isinstance(function, dict) else None


def _fill(message: Json, given: Json) -> None:
    content = given.get("content")
    parts = _parts(content)
    texts = [part["content"] for part in parts if "content" in part]
    thoughts = [part["reasoning_content"] for part in parts if "reasoning_content" in part]
    if plan := plain.string(given.get("tool_plan")):
        thoughts.append(plan)
    if texts:
        message["content"] = "".join(texts)
    if thoughts:
        message["reasoning_content"] = "".join(thoughts)
    if calls := plain.objects(given.get("tool_calls")):
        message["tool_calls"] = [{"index": place, **one} for place, one in enumerate(calls)]


def _parts(content: Any) -> list[Json]:
    """Text and thoughts, as deltas; the content is one part or a list of them."""
    if isinstance(content, str):
        return [{"content": content}]
    items = plain.objects(content if isinstance(content, list) else [content])
    return [
        {"content": part["text"]} if isinstance(part.get("text"), str) else {"reasoning_content": part["thinking"]}
        for part in items
        if isinstance(part.get("text"), str) or isinstance(part.get("thinking"), str)
    ]


def _tool_call(call: Call, document: Json, message: Json, writer: Writer, *, starts: bool) -> None:
    """`call.state` has the calls so far: the index that the client gets for Cohere's."""
    known: dict[Any, int] = call.state if isinstance(call.state, dict) else {}
    call.state = known
    given = message.get("tool_calls")
    given = given if isinstance(given, dict) else {}
    function = given.get("function")
    function = function if isinstance(function, dict) else {}
    part: Json = {"index": known.setdefault(place(document.get("index"), 0), len(known))}
    told: Json = {"arguments": plain.string(function.get("arguments"))}
    if starts:
        part |= {"id": plain.string(given.get("id")), "type": "function"}
        told = {"name": plain.string(function.get("name")), **told}
    writer.delta(0, {"tool_calls": [{**part, "function": told}]})


def _finish_reason(document: Json) -> str | None:
    """None for an error that is none of the client's."""
    reason = plain.string(document.get("finish_reason"))
    return _FINISH.get(reason) if reason.startswith("ERROR") else _FINISH.get(reason, reason.lower() or "stop")


def _usage(document: Json) -> Json | None:
    usage = document.get("usage") or document.get("meta")
    tokens = usage.get("tokens") or usage.get("billed_units") if isinstance(usage, dict) else None
    if not isinstance(tokens, dict):
        return None
    result = plain.usage(tokens.get("input_tokens"), tokens.get("output_tokens"))
    if isinstance(usage, dict) and plain.count(usage.get("cached_tokens")):
        result["prompt_tokens_details"] = {"cached_tokens": usage["cached_tokens"]}
    return result
