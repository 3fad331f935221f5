"""Converts whole answers of the pivot to responses."""

from __future__ import annotations

import uuid

from ...wire import lenient
from ...wire.errors import bad_upstream
from ...wire.json import Json, loads
from ..exchange import Exchange
from . import remembered
from .documents import Head, incomplete_reason, state_of
from .events import NoEvents
from .output import Output


def response(exchange: Exchange, answer: Json) -> Json:
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices:
        raise bad_upstream("the upstream's answer has no choices")
    choice = lenient.mapping(choices[0])
    message = choice.get("message")
    if not isinstance(message, dict):
        raise bad_upstream("the upstream's answer has a choice without a message")
    for call in lenient.objects(message.get("tool_calls")):
        if not isinstance(call.get("function"), dict):
            raise bad_upstream("the upstream's answer has a tool call without a function")
    kept = remembered.of(exchange)
    reason = incomplete_reason(lenient.text(choice.get("finish_reason")))
    output = Output(NoEvents(), kept)
    output.add(message, choice.get("logprobs"))
    output.finish(incomplete=bool(reason))
    head = Head(
        kept.keeping.response_id if kept.keeping else lenient.text(answer.get("id")) or str(uuid.uuid4()),
        lenient.text(answer.get("model")) or exchange.model,
        answer.get("created"),
        kept.repeated,
    )
    usage = answer.get("usage")
    state = state_of(
        "incomplete" if reason else "completed",
        output.documents(),
        usage=usage if isinstance(usage, dict) else None,
        reason=reason,
    )
    text = head.text(state)
    if kept.keeping is not None:
        kept.keeping.finish(text)
    document: Json = loads(text)
    return document
