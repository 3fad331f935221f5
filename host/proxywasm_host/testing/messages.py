"""Requests, responses and exchanges for tests, in one line each."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from proxywasm import encode_event
from proxywasm.headers import HeaderValues, to_fields
from proxywasm.text import encode, spell_out
from proxywasm.wire import Fields

from ..recordings.exchange import CallOut, Exchange, Message

Body: TypeAlias = "bytes | str | Sequence[bytes | str] | None"
"""In one piece, or in chunks as they arrive. None: no body, the headers end the message."""

ChatMessages: TypeAlias = "str | Sequence[Mapping[str, Any]]"
"""What the user says, or the whole conversation."""


def request(
    method: str = "GET",
    path: str = "/",
    headers: HeaderValues = (),
    body: Body = None,
    *,
    json: Any = None,
    host: str = "example.com",
) -> Message:
    """A request from a client. With `json` the body is that value as JSON, and the content type says so."""
    first = [(":method", method), (":scheme", "https"), (":authority", host), (":path", path)]
    return _message(first, headers, body, json)


def response(status: int = 200, headers: HeaderValues = (), body: Body = None, *, json: Any = None) -> Message:
    """A response, of the upstream or of a service that the plugin calls."""
    return _message([(":status", str(status))], headers, body, json)


def sse_response(events: Iterable[Any], headers: HeaderValues = (), *, status: int = 200) -> Message:
    """A stream of server-sent events, one chunk each.

    An event is its data (text as it is, anything else as JSON), a pair of its name and data, or bytes as they are.
    """
    fields = {"content-type": "text/event-stream", **dict(to_fields(headers))}
    return response(status, fields, [_event(event) for event in events])


def chat_request(
    messages: ChatMessages,
    *,
    model: str = "gpt-4o",
    stream: bool = False,
    path: str = "/v1/chat/completions",
    headers: HeaderValues = (),
    **parameters: Any,
) -> Message:
    """A request of the OpenAI chat protocol."""
    document: dict[str, Any] = {"model": model, "messages": _conversation(messages)}
    if stream:
        document["stream"] = True
    return request("POST", path, headers, json=document | parameters)


def chat_response(
    content: str, *, model: str = "gpt-4o", finish_reason: str = "stop", usage: tuple[int, int] = (3, 5)
) -> Message:
    """A complete answer of the OpenAI chat protocol. `usage`: tokens in and out."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": content},
        "finish_reason": finish_reason,
    }
    return response(json=_completion("chat.completion", model, [choice]) | {"usage": _usage(usage)})


def chat_stream(
    pieces: Iterable[str],
    *,
    model: str = "gpt-4o",
    finish_reason: str = "stop",
    usage: tuple[int, int] | None = None,
    done: bool = True,
) -> Message:
    """A streamed answer of the OpenAI chat protocol: one event for each piece of text, the finish, usage, `[DONE]`."""

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return _completion("chat.completion.chunk", model, [{"index": 0, "delta": delta, "finish_reason": finish}])

    events: list[Any] = [chunk({"role": "assistant", "content": ""})]
    events += [chunk({"content": piece}) for piece in pieces]
    events.append(chunk({}, finish_reason))
    if usage:
        events.append(_completion("chat.completion.chunk", model, []) | {"usage": _usage(usage)})
    return sse_response([*events, "[DONE]"] if done else events)


def exchange(
    name: str,
    request: Message,
    response: Message | None = None,
    *,
    config: Mapping[str, Any] | str | Sequence[Mapping[str, Any] | str] = "",
    callouts: Iterable[CallOut] = (),
    properties: Mapping[str, str] | None = None,
    before: Iterable[Exchange] = (),
) -> Exchange:
    """An exchange for a file: `proxywasm_host.recordings.exchange.dump` writes it, `proxywasm replay` replays it.

    For a chain of plugins `config` is a list.
    """
    return Exchange(
        name,
        config_text(config) if isinstance(config, str | Mapping) else "",
        request,
        response,
        properties=properties or {},
        callouts=tuple(callouts),
        before=tuple(before),
        chain=() if isinstance(config, str | Mapping) else tuple(map(config_text, config)),
    )


def callout(response: Message | None, *, cluster: str | None = None, path: str | None = None) -> CallOut:
    """The answer to a call-out in an exchange; None: the call fails."""
    return CallOut(cluster, path, response)


def with_chunks(message: Message, chunks: Iterable[bytes]) -> Message:
    """The same message with its body cut in another way."""
    return Message(message.headers, tuple(chunks))


def body_of(message: Message) -> bytes:
    return b"".join(message.body)


def config_text(config: Mapping[str, Any] | str | None) -> str:
    """The configuration as a gateway gives it to a plugin; a text is passed unchanged, also if it is not JSON."""
    if config is None:
        return ""
    return spell_out(config if isinstance(config, str) else jsonlib.dumps(config, ensure_ascii=False))


def _message(first: Fields, headers: HeaderValues, body: Body, json: Any) -> Message:
    fields = to_fields(headers)
    if json is not None:
        if body is not None:
            raise TypeError("give either body or json")
        body = jsonlib.dumps(json, ensure_ascii=False)
        _default(fields, "content-type", "application/json")
    if body is None:
        return Message(first + fields)
    if isinstance(body, bytes | str):
        data = _bytes(body)
        # As in real traffic, where a plugin that changes the length of a body has to look after this header.
        _default(fields, "content-length", str(len(data)))
        return Message(first + fields, (data,))
    return Message(first + fields, tuple(_bytes(chunk) for chunk in body))


def _default(fields: Fields, name: str, value: str) -> None:
    if all(name != key for key, _ in fields):
        fields.append((name, value))


def _bytes(data: bytes | str) -> bytes:
    return encode(data) if isinstance(data, str) else data


def _event(event: Any) -> bytes:
    if isinstance(event, bytes):
        return event
    name, data = event if isinstance(event, tuple) else ("", event)
    text = data if isinstance(data, str) else jsonlib.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return encode_event(text, name)


def _conversation(messages: ChatMessages) -> list[dict[str, Any]]:
    if isinstance(messages, str):
        return [{"role": "user", "content": messages}]
    return [dict(message) for message in messages]


def _completion(kind: str, model: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1735689600, "model": model, "choices": choices}


def _usage(usage: tuple[int, int]) -> dict[str, int]:
    prompt, completion = usage
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
