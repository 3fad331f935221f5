"""What an exchange has used, for access logs: the attributes `ai_log` of its stream, written once at its end.

The bytes that leave for the client say how many tokens were used, in the client's protocol, whether an answer was
converted or not. They are remembered on the way, and read at the end. The names are those of Higress' ai-statistics.

Each request pays for this, and in Wasm a call costs 1,000 instructions: so the text is put together without a JSON
encoder, and counts are found by one search.
"""

from __future__ import annotations

import re
from typing import Final

from proxywasm import HttpContext
from proxywasm.attributes import AI_LOG
from proxywasm.helpers import marshal_str

from ..protocols.exchange import Answer, Exchange
from ..providers.row import Provider

MOST: Final = 2048
"""Bytes of a usage that are looked at."""
_KEY: Final = b'"usage":'
_COUNTS: Final = re.compile(rb'"([a-z_]{1,40})": ?([0-9]{1,15})[,}\s]')
_LONGEST_NAME: Final = 200
"""Characters of a model's name, which clients choose."""


def note(answer: Answer, output: bytes) -> None:
    """Remember what bytes for the client say. Within a JSON string the key would be escaped, so this is none."""
    at = output.rfind(_KEY)
    while at >= 0 and output[at + len(_KEY) : at + len(_KEY) + 2].lstrip()[:1] != b"{":
        at = output.rfind(_KEY, 0, at)
    if at < 0:
        return
    answer.last_usage = output[at : at + MOST]
    if not answer.first_usage:
        # Anthropic's streams say at their beginning what went in, and at their end what came out.
        first = output.find(_KEY)
        answer.first_usage = answer.last_usage if first == at else output[first : first + MOST]


def write(ctx: HttpContext, provider: Provider, exchange: Exchange) -> None:
    """The stream is over."""
    members = f'\\"provider\\":\\"{provider.row.name}\\",\\"api\\":\\"{exchange.api}\\"'
    if exchange.requested_model:
        asked, model = _name(exchange.requested_model), _name(exchange.model)
        kind = "stream" if exchange.stream else "normal"
        members = (
            f'{members},\\"requested_model\\":\\"{asked}\\",\\"model\\":\\"{model}\\",\\"response_type\\":\\"{kind}\\"'
        )
    if exchange.answer.last_usage:
        members += _tokens(exchange.answer)
    ctx.write_escaped_to_log(AI_LOG, members)


def _tokens(answer: Answer) -> str:
    """Those of a usage in any protocol of clients. Those from a cache are a part of the input, those of reasoning a
    part of the output.
    """
    counts = _counts(answer.last_usage)
    if answer.first_usage is not answer.last_usage:
        counts = _counts(answer.first_usage) | counts
    get = counts.get
    cached = int(get(b"cached_tokens", 0))
    given = int(get(b"prompt_tokens", 0))
    if not given:
        # Anthropic counts what comes from a cache and goes into it beside the input.
        beside = int(get(b"cache_read_input_tokens", 0))
        given = int(get(b"input_tokens", 0)) + beside + int(get(b"cache_creation_input_tokens", 0))
        cached = cached or beside
    made = int(get(b"completion_tokens", 0) or get(b"output_tokens", 0))
    return (
        f',\\"input_token\\":{given},\\"output_token\\":{made},'
        f'\\"total_token\\":{int(get(b"total_tokens", 0)) or given + made},'
        f'\\"cached_tokens\\":{cached},\\"reasoning_tokens\\":{int(get(b"reasoning_tokens", 0))}'
    )


def _counts(usage: bytes) -> dict[bytes, bytes]:
    """The numbers by their names, also those of details. What stands first counts: behind it may be something else."""
    return dict(_COUNTS.findall(usage)[::-1])


def _name(model: str) -> str:
    """As it stands in an escaped JSON string."""
    if len(model) > _LONGEST_NAME:
        model = model[:_LONGEST_NAME]
    if '"' in model or "\\" in model or not model.isprintable():
        return marshal_str(marshal_str(model))
    return model
