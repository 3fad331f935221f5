"""What an exchange has used, for access logs: the attributes `ai_log` of its stream, written once at its end.

The bytes that leave for the client say how many tokens were used, in the client's protocol, whether an answer was
converted or not. They are remembered on the way, and read at the end. The names are those of Higress' ai-statistics.
"""

from __future__ import annotations

import json
from typing import Any, Final

from proxywasm import HttpContext
from proxywasm.attributes import AI_LOG

from ..protocols.exchange import Answer, Exchange
from ..providers.row import Provider
from ..wire.json import Json
from ..wire.lenient import count, mapping

_KEY: Final = b'"usage":'
MOST: Final = 2048
"""Bytes of one."""
_LONGEST_NAME: Final = 200
"""Characters of a model's name, which clients choose."""
_decoder = json.JSONDecoder()


def note(answer: Answer, output: bytes) -> None:
    """Remember what bytes for the client say. Within a JSON string the key would be escaped, so this is none."""
    at = output.rfind(_KEY)
    while at >= 0 and output[at + len(_KEY) : at + len(_KEY) + 2].lstrip()[:1] != b"{":
        at = output.rfind(_KEY, 0, at)
    if at < 0:
        return
    if not answer.first_usage:
        # Anthropic's streams say at their beginning what went in, and at their end what came out.
        first = output.find(_KEY)
        answer.first_usage = output[first : first + MOST]
    answer.last_usage = output[at : at + MOST]


def write(ctx: HttpContext, provider: Provider, exchange: Exchange) -> None:
    """The stream is over."""
    answer = exchange.answer
    attributes = ctx.get_user_attribute_map()
    attributes["provider"] = provider.row.name
    attributes["api"] = exchange.api
    if exchange.requested_model:
        attributes["requested_model"] = exchange.requested_model[:_LONGEST_NAME]
        attributes["model"] = exchange.model[:_LONGEST_NAME]
        attributes["response_type"] = "stream" if exchange.stream else "normal"
    if answer.last_usage:
        attributes.update(counts(_read(answer.first_usage) | _read(answer.last_usage)))
    ctx.write_user_attribute_to_log_with_key(AI_LOG)


def counts(usage: Json) -> dict[str, int]:
    """The tokens of a usage in any protocol of clients. Those from a cache are a part of the input, those of reasoning
    a part of the output.
    """
    details = mapping(usage.get("prompt_tokens_details") or usage.get("input_tokens_details"))
    cached = count(details.get("cached_tokens"))
    given = count(usage.get("prompt_tokens"))
    if not given:
        # Anthropic counts what comes from a cache and goes into it beside the input.
        beside = count(usage.get("cache_read_input_tokens"))
        given = count(usage.get("input_tokens")) + beside + count(usage.get("cache_creation_input_tokens"))
        cached = cached or beside
    made = count(usage.get("completion_tokens")) or count(usage.get("output_tokens"))
    details = mapping(usage.get("completion_tokens_details") or usage.get("output_tokens_details"))
    return {
        "input_token": given,
        "output_token": made,
        "total_token": count(usage.get("total_tokens")) or given + made,
        "cached_tokens": cached,
        "reasoning_tokens": count(details.get("reasoning_tokens")),
    }


def _read(text: bytes) -> Json:
    """A usage, from its key on. Empty for one that is cut, or null."""
    try:
        found: Any = _decoder.raw_decode(text.decode(errors="replace"), text.index(b"{"))[0]
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
