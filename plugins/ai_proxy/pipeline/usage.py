"""What an exchange has used, for access logs: the property `ai_proxy_log` of its stream, a JSON object.

Converted answers know how many tokens were used. In all others the bytes for the client say it, in the client's
protocol: they are remembered on the way, and read at the end. The names are those of Higress' ai-statistics.

Each request pays for this, and in Wasm a Python call costs 1,000 instructions. So all but the tokens is encoded once,
and the property is ai-proxy's own: it need not be read before it is written. docs/design.md has the numbers.
"""

from __future__ import annotations

import json
from typing import Any, Final

from proxywasm import HttpContext

from ..protocols.exchange import Answer, Attempts, Exchange
from ..providers.row import Provider
from ..wire.apis import GEMINI_GENERATE, GEMINI_STREAM
from ..wire.json import Json
from ..wire.lenient import count, mapping

PROPERTY: Final = ("ai_proxy_log",)
MOST: Final = 2048
"""Bytes of a usage that are looked at."""
KEY: Final = b'"usage":'
KEYS: Final = dict.fromkeys((GEMINI_GENERATE, GEMINI_STREAM), b'"usageMetadata":')
"""Where an API's answers say it, if not with `KEY`."""
_scan: Final = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # the parser itself, without Python around it
_LONGEST_NAME: Final = 200
"""Characters of a model's name, which clients choose."""
_NO_DETAILS: Final = ', "cached_tokens": 0, "reasoning_tokens": 0'
_PLAIN: Final = 10**9
"""Tokens below which a number is certainly one."""
_beginnings: dict[tuple[str, str, str, str, bool], str] = {}
_MOST_BEGINNINGS: Final = 500


def note(answer: Answer, output: bytes, key: bytes = KEY) -> None:
    """Remember what bytes for the client say. Within a JSON string the key would be escaped, so this is none."""
    at = output.rfind(key)
    while at >= 0 and not _is_object(output, at + len(key)):
        at = output.rfind(key, 0, at)
    if at < 0:
        return
    answer.last_usage = output[at : at + MOST]
    if not answer.first_usage:
        # Anthropic's streams say at their beginning what went in, and at their end what came out.
        first = output.find(key)
        while first < at and not _is_object(output, first + len(key)):
            first = output.find(key, first + 1)
        answer.first_usage = answer.last_usage if first == at else output[first : first + MOST]


def note_converted(answer: Answer, converted: Json) -> None:
    """Remember the usage of a whole answer in the pivot."""
    used = converted.get("usage")
    if type(used) is dict:
        answer.usage = used


def _is_object(output: bytes, start: int) -> bool:
    """Whether the key has one; in most events of a stream it has null."""
    return output.startswith((b"{", b" {"), start)


def write(ctx: HttpContext, provider: Provider, exchange: Exchange) -> None:
    """Say what is known: when the answer has ended, which is before Envoy ends the span; otherwise at the end of the
    stream.
    """
    answer = exchange.answer
    said = answer.last_usage if answer.writer is None else answer.writer.last_usage
    answer.is_logged, answer.logged_usage = True, said
    what = (provider.row.name, exchange.api, exchange.requested_model, exchange.model, exchange.stream)
    text = _beginnings.get(what) or _beginning(*what)
    used = answer.usage
    if used is None:
        used = _usage(answer) if answer.writer is None else answer.writer.last_usage
    if used is not None:
        text += _tokens(used)
    if exchange.attempts is not None:
        text += _of_attempts(exchange.attempts)
    ctx.set_unchecked_property(PROPERTY, f"{text}}}".encode())


def write_of_stream(ctx: HttpContext, provider: Provider, exchange: Exchange) -> None:
    """The same when the last event has passed, and at the end of the stream if there is more to say then.

    Clients leave after the last event, and the stream is over for plugins before this one, which want to know it.
    """
    answer = exchange.answer
    said = answer.last_usage if answer.writer is None else answer.writer.last_usage
    if not answer.is_logged or answer.logged_usage is not said:
        write(ctx, provider, exchange)


def _of_attempts(attempts: Attempts) -> str:
    """How often the request was repeated with another key, and sent to another provider or model."""
    fallback = attempts.fallback
    retries = len(attempts.used_tokens) if fallback is None else fallback.retries
    text = f', "retries": {retries}' if retries else ""
    if fallback is None:
        return text
    if fallback.changes:
        text += f', "fallbacks": {fallback.changes}'
    return f'{text}, "route": {json.dumps(fallback.route)}'


def _beginning(provider: str, api: str, asked: str, model: str, stream: bool) -> str:
    """All but the tokens, which is the same for many exchanges."""
    if len(_beginnings) >= _MOST_BEGINNINGS:
        _beginnings.clear()
    said = {"provider": provider, "api": api}
    if asked:
        kind = "stream" if stream else "normal"
        said |= {"requested_model": asked[:_LONGEST_NAME], "model": model[:_LONGEST_NAME], "response_type": kind}
    text = json.dumps(said).removesuffix("}")
    _beginnings[provider, api, asked, model, stream] = text
    return text


def _usage(answer: Answer) -> Json | None:
    """What the bytes for the client have said."""
    if not answer.last_usage:
        return None
    usage = _read(answer.last_usage)
    return usage if answer.first_usage is answer.last_usage else _read(answer.first_usage) | usage


def _tokens(usage: Json) -> str:
    """Those of a usage in any protocol of clients. Those from a cache are a part of the input, those of reasoning a
    part of the output.
    """
    get = usage.get
    if len(usage) == 3:  # as mostly: the rest of this function without calls
        given, made, total = get("prompt_tokens"), get("completion_tokens"), get("total_tokens")
        if type(given) is type(made) is type(total) is int and 0 < given < total < _PLAIN and 0 < made < total:
            return f', "input_token": {given}, "output_token": {made}, "total_token": {total}{_NO_DETAILS}'
    if "promptTokenCount" in usage:
        return _tokens(_from_google(usage))
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
    total = count(get("total_tokens")) or given + made
    return (
        f', "input_token": {given}, "output_token": {made}, "total_token": {total}, '
        f'"cached_tokens": {cached}, "reasoning_tokens": {reasoning}'
    )


def _from_google(usage: Json) -> Json:
    """Google counts thoughts beside the answer, and the results of its own tools beside the prompt."""
    thoughts = count(usage.get("thoughtsTokenCount"))
    return {
        "prompt_tokens": count(usage["promptTokenCount"]) + count(usage.get("toolUsePromptTokenCount")),
        "completion_tokens": count(usage.get("candidatesTokenCount")) + thoughts,
        "total_tokens": usage.get("totalTokenCount"),
        "prompt_tokens_details": {"cached_tokens": usage.get("cachedContentTokenCount")},
        "completion_tokens_details": {"reasoning_tokens": thoughts},
    }


def _read(text: bytes) -> Json:
    """A usage, from its key on. Empty for one that is cut."""
    try:
        found: Any = _scan(text.decode(errors="replace"), text.index(b"{"))[0]
    except (StopIteration, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
