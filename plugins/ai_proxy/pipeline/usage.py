"""What an exchange has used, for access logs: the attributes `ai_log` of its stream, written once at its end.

Converted streams know how many tokens were used. In all other answers the bytes for the client say it, in the client's
protocol: they are remembered on the way, and read at the end. The names are those of Higress' ai-statistics.

Each request pays for this, and in Wasm a call costs 1,000 instructions: so the text is put together without a JSON
encoder.
"""

from __future__ import annotations

import json
from typing import Any, Final

from proxywasm import HttpContext
from proxywasm.attributes import AI_LOG
from proxywasm.helpers import marshal_str

from ..protocols.exchange import Answer, Exchange
from ..providers.row import Provider
from ..wire.json import Json
from ..wire.lenient import count, mapping

MOST: Final = 2048
"""Bytes of a usage that are looked at."""
_KEY: Final = b'"usage":'
_scan: Final = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # the parser itself, without Python around it
_LONGEST_NAME: Final = 200
"""Characters of a model's name, which clients choose."""


def note(answer: Answer, output: bytes) -> None:
    """Remember what bytes for the client say. Within a JSON string the key would be escaped, so this is none."""
    at = output.rfind(_KEY)
    while at >= 0 and not _is_object(output, at):
        at = output.rfind(_KEY, 0, at)
    if at < 0:
        return
    answer.last_usage = output[at : at + MOST]
    if not answer.first_usage:
        # Anthropic's streams say at their beginning what went in, and at their end what came out.
        first = output.find(_KEY)
        while first < at and not _is_object(output, first):
            first = output.find(_KEY, first + 1)
        answer.first_usage = answer.last_usage if first == at else output[first : first + MOST]


def _is_object(output: bytes, at: int) -> bool:
    """Whether the key has one; in most events of a stream it has null."""
    start = at + len(_KEY)
    return output.startswith((b"{", b" {"), start)


def write(ctx: HttpContext, provider: Provider, exchange: Exchange) -> None:
    """The stream is over."""
    members = f'\\"provider\\":\\"{provider.row.name}\\",\\"api\\":\\"{exchange.api}\\"'
    if exchange.requested_model:
        asked, model = _name(exchange.requested_model), _name(exchange.model)
        kind = "stream" if exchange.stream else "normal"
        members = (
            f'{members},\\"requested_model\\":\\"{asked}\\",\\"model\\":\\"{model}\\",\\"response_type\\":\\"{kind}\\"'
        )
    usage = _usage(exchange.answer)
    if usage is not None:
        members += _tokens(usage)
    ctx.write_escaped_to_log(AI_LOG, members)


def _usage(answer: Answer) -> Json | None:
    if answer.writer is not None:
        return answer.writer.last_usage
    if not answer.last_usage:
        return None
    usage = _read(answer.last_usage)
    return usage if answer.first_usage is answer.last_usage else _read(answer.first_usage) | usage


def _tokens(usage: Json) -> str:
    """Those of a usage in any protocol of clients. Those from a cache are a part of the input, those of reasoning a
    part of the output.
    """
    get = usage.get
    details = get("prompt_tokens_details") or get("input_tokens_details")
    cached = count(mapping(details).get("cached_tokens")) if details else 0
    given, made = count(get("prompt_tokens")), count(get("completion_tokens") or get("output_tokens"))
    if not given:
        # Anthropic counts what comes from a cache and goes into it beside the input.
        beside = count(get("cache_read_input_tokens"))
        given = count(get("input_tokens")) + beside + count(get("cache_creation_input_tokens"))
        cached = cached or beside
    details = get("completion_tokens_details") or get("output_tokens_details")
    reasoning = count(mapping(details).get("reasoning_tokens")) if details else 0
    return (
        f',\\"input_token\\":{given},\\"output_token\\":{made},'
        f'\\"total_token\\":{count(get("total_tokens")) or given + made},'
        f'\\"cached_tokens\\":{cached},\\"reasoning_tokens\\":{reasoning}'
    )


def _read(text: bytes) -> Json:
    """A usage, from its key on. Empty for one that is cut."""
    try:
        found: Any = _scan(text.decode(errors="replace"), text.index(b"{"))[0]
    except (StopIteration, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _name(model: str) -> str:
    """As it stands in an escaped JSON string."""
    if len(model) > _LONGEST_NAME:
        model = model[:_LONGEST_NAME]
    if '"' in model or "\\" in model or not model.isprintable():
        return marshal_str(marshal_str(model))
    return model
