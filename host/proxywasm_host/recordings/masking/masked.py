"""A recording with placeholders in place of all credentials.

Credentials are what the configurations have under names such as `apiTokens`, and what clients and services send in
headers, cookies, queries and fields with such names. They are then replaced wherever they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from proxywasm.wire import Fields

from ..exchange import CallOut, Exchange, Message, chunk_from_json, chunk_to_json, to_json
from .compressed import hidden
from .configurations import masked_config
from .messages import learn_request, learn_response, masked_field
from .placeholders import Placeholders


class LeakError(Exception):
    """A recording has a credential that could not be replaced, and is not to be written."""


def masked(exchange: Exchange, *, names: Iterable[str] = ()) -> Exchange:
    """Raises `LeakError`. `names` are further keys of configurations, and headers, that have credentials."""
    placeholders = Placeholders()
    also = frozenset(name.lower() for name in names)
    configs = [masked_config(config, placeholders, also) for config in exchange.configs]
    learn_request(exchange.request, placeholders, also)
    for answer in (exchange.response, *(callout.response for callout in exchange.callouts)):
        if answer is not None:
            learn_response(answer, placeholders)
    raw = dict(exchange.raw)
    if "expect" in raw:
        raw["expect"] = _expectation(raw["expect"], placeholders)
    result = replace(
        exchange,
        name=placeholders.text(exchange.name),
        config=placeholders.text(configs[0]) if not exchange.chain else "",
        chain=tuple(map(placeholders.text, configs)) if exchange.chain else (),
        request=_message(exchange.request, placeholders, also),
        response=None if exchange.response is None else _message(exchange.response, placeholders),
        properties={name: placeholders.text(value) for name, value in exchange.properties.items()},
        callouts=tuple(_callout(each, placeholders) for each in exchange.callouts),
        raw=raw,
    )
    for headers, chunks in _bodies(exchange):
        if reason := hidden(headers, chunks, placeholders):
            raise LeakError(reason)
    if leak := placeholders.leak(json.dumps(to_json(result), ensure_ascii=False)):
        raise LeakError(f"a credential could not be replaced everywhere ({leak})")
    return result


def _bodies(exchange: Exchange) -> Iterator[tuple[Iterable[Sequence[str]], list[bytes]]]:
    """The headers and chunks of all messages."""
    answers = [callout.response for callout in exchange.callouts]
    for message in (exchange.request, exchange.response, *answers):
        if message is not None:
            yield message.headers, list(message.body)
    expect = exchange.raw.get("expect", {})
    for part in (
        expect.get("upstream"),
        expect.get("downstream"),
        expect.get("local_reply"),
        *expect.get("callouts", ()),
    ):
        if part is not None:
            body = part["body"] if isinstance(part["body"], list) else [part["body"]]
            yield part["headers"], list(map(chunk_from_json, body))


def _message(message: Message, placeholders: Placeholders, also: frozenset[str] = frozenset()) -> Message:
    body = placeholders.chunks(message.body)
    fields = [masked_field(name, value, placeholders, also) for name, value in message.headers]
    return replace(message, headers=_with_length(fields, message.body, body), body=body)


def _with_length(fields: Fields, before: Sequence[bytes], after: Sequence[bytes]) -> Fields:
    """The length of a body that placeholders have changed."""
    old, new = (str(sum(map(len, body))) for body in (before, after))
    return [(name, new if name == "content-length" and value == old else value) for name, value in fields]


def _callout(callout: CallOut, placeholders: Placeholders) -> CallOut:
    response = None if callout.response is None else _message(callout.response, placeholders)
    path = None if callout.path is None else placeholders.text(callout.path)
    return replace(callout, path=path, response=response)


def _expectation(expect: dict[str, Any], placeholders: Placeholders) -> dict[str, Any]:
    result = dict(expect)
    for part in ("upstream", "downstream", "local_reply"):
        if expect.get(part) is not None:
            result[part] = _result(expect[part], placeholders, sent=part == "upstream")
    result["callouts"] = [_result(call, placeholders, sent=True) for call in expect.get("callouts", ())]
    return result


def _result(part: dict[str, Any], placeholders: Placeholders, *, sent: bool) -> dict[str, Any]:
    """A message of a result. `sent`: it goes to a service, with credentials that the plugin may have made."""
    body, one = part["body"], not isinstance(part["body"], list)
    chunks = [chunk_from_json(chunk) for chunk in ([body] if one else body)]
    replaced = placeholders.chunks(chunks)
    written = [chunk_to_json(chunk) for chunk in replaced]
    mask: Callable[[str, str], tuple[str, str]] = lambda name, value: (  # noqa: E731
        masked_field(name, value, placeholders, made=True) if sent else (name, placeholders.text(value))
    )
    fields = [mask(name, value) for name, value in part["headers"]]
    headers = [list(pair) for pair in _with_length(fields, chunks, replaced)]
    return part | {"headers": headers, "body": written[0] if one else written}
