"""What is known of one request and its answer, and what is reported when it has ended."""

from __future__ import annotations

import json
import time
from typing import Any, Final, NamedTuple

from ai_common import LONGEST_NAME, Usage, UsageReader
from ai_common.seen import model_in
from proxywasm import HttpContext
from proxywasm.attributes import AI_LOG

from . import counted
from .configuration import Attribute, Statistics
from .names import NONE
from .values import Body, Collected

_AI_PROXY_LOG: Final = "ai_proxy_log"
_OF_ATTEMPTS: Final = ("retries", "fallbacks", "route")
"""What ai_proxy says of further attempts: in the access log and trace under the same names."""
_LOOKED_FOR_MODEL: Final = 8192
"""Bytes at the beginning of an answer in which its model is looked for, where ai_proxy does not say it."""


class _Attempts(NamedTuple):
    """The attempts after the first one: with another key of the provider, and of another provider or model."""

    retries: int
    fallbacks: int


class Measurement:
    """One request and its answer."""

    __slots__ = (
        "_beginning", "answer", "collected", "consumer", "first", "last", "reader", "reported", "request", "started",
        "status", "streamed", "unread",
    )  # fmt: skip

    def __init__(self, consumer: str, collected: Collected | None) -> None:
        self.consumer: Final = consumer
        self.collected: Final = collected
        self.reader: Final = UsageReader()
        self.started: Final = time.time()
        self.first: float | None = None
        self.last = self.started
        """When the first and the last piece of the answer arrived."""
        self.status = 0
        self.streamed = False
        self.request: Final = Body()
        self.answer: Final = Body()
        """Bodies that attributes are read from."""
        self.unread = False
        """The answer is one that no plugin reads, such as a compressed one: nobody knows when it ends."""
        self.reported = False
        self._beginning = b""

    @property
    def unseen(self) -> bool:
        """Whether no response has passed."""
        return self.first is None

    def feed(self, chunk: bytes) -> None:
        """A piece of the answer that is not empty."""
        self.last = time.time()
        if self.first is None:
            self.first = self.last
        if len(self._beginning) < _LOOKED_FOR_MODEL:
            self._beginning += chunk[:_LOOKED_FOR_MODEL]
        self.reader.feed(chunk)

    def report(self, ctx: HttpContext, statistics: Statistics, *, cut: bool) -> None:
        """Once for each stream: when the answer has ended, which is before Envoy ends the span; otherwise at the end of
        the stream.
        """
        self.reported = True
        said = _said_by_ai_proxy(ctx)
        usage = self.reader.usage()
        if said and (usage is None or self.unseen):
            usage = _usage(said)
        if cut and self.unseen and usage is not None:
            # ai_proxy has answered with the result of another attempt, which no plugin before it is shown.
            self.status, cut = 200, False
        requested = said.get("requested_model")
        model = said.get("model") or model_in(self._beginning)
        provider = said.get("provider") or _text(ctx.get_property("cluster_name"))
        attempts = _Attempts(_whole_number(said.get("retries")), _whole_number(said.get("fallbacks")))
        self._count(statistics, model, provider, usage, attempts, cut=cut)
        if statistics.log or statistics.trace or self.collected is not None:
            attributes = self._attributes(model, provider, usage)
            if requested and requested != model:
                attributes["requested_model"] = requested
            for name in _OF_ATTEMPTS:
                if said.get(name):
                    attributes[name] = said[name]
            _write(ctx, statistics, attributes, self.collected)

    def _count(
        self, statistics: Statistics, model: str, provider: str, usage: Usage | None, attempts: _Attempts, *, cut: bool
    ) -> None:
        reason = counted.reason(self.status, cut=cut)
        labels = {
            "consumer": statistics.consumers.label(self.consumer, add=True),
            "model": statistics.models.label(model, add=not reason),
            "provider": provider or NONE,
        }
        times = {"model": labels["model"], "provider": labels["provider"]}
        counted.requests.increment(**labels)
        if reason:
            counted.errors.increment(**labels, reason=reason)
        if attempts.retries:
            counted.retries.increment(attempts.retries, **labels)
        if attempts.fallbacks:
            counted.fallbacks.increment(attempts.fallbacks, **labels)
        if usage is not None:
            counted.input_tokens.increment(usage.input, **labels)
            counted.output_tokens.increment(usage.output, **labels)
            if usage.cached:
                counted.cached_tokens.increment(usage.cached, **labels)
        if self.first is not None and not reason:
            counted.duration.record(_milliseconds(self.started, self.last), **times)
            if self.streamed:
                counted.first_token.record(_milliseconds(self.started, self.first), **times)
                if usage is not None and usage.output > 1:
                    per_token = _milliseconds(self.first, self.last) / (usage.output - 1)
                    counted.token_time.record(round(per_token), **times)

    def _attributes(self, model: str, provider: str, usage: Usage | None) -> dict[str, Any]:
        """The names are those of Higress."""
        found: dict[str, Any] = {"response_type": "stream" if self.streamed else "normal"}
        for name, value in (("model", model), ("provider", provider), ("consumer", self.consumer[:LONGEST_NAME])):
            if value:
                found[name] = value
        if usage is not None:
            found |= {"input_token": usage.input, "output_token": usage.output, "total_token": usage.total}
            if usage.cached:
                found["cached_tokens"] = usage.cached
            if usage.reasoning:
                found["reasoning_tokens"] = usage.reasoning
        if self.first is not None:
            found["llm_service_duration"] = _milliseconds(self.started, self.last)
            if self.streamed:
                found["llm_first_token_duration"] = _milliseconds(self.started, self.first)
        return found


def _write(ctx: HttpContext, statistics: Statistics, attributes: dict[str, Any], collected: Collected | None) -> None:
    tags: dict[str, Any] = dict(attributes) if statistics.trace else {}
    logged = attributes if statistics.log else {}
    for attribute in statistics.attributes if collected is not None else ():
        value = collected.values.get(attribute.key, attribute.default_value) if collected is not None else None
        if value is None:
            continue
        if attribute.apply_to_span:
            tags[attribute.trace_span_key or attribute.key] = value
        if attribute.apply_to_log:
            if attribute.as_separate_log_field:
                ctx.set_property(attribute.key, _shown(value).encode(errors="replace"))
            else:
                logged[attribute.key] = value
    if logged:
        ctx.set_user_attribute_map(logged)
        ctx.write_user_attribute_to_log_with_key(AI_LOG)
    if tags:
        ctx.set_user_attribute_map({name: value for name, value in tags.items() if value != ""})
        ctx.write_user_attribute_to_trace()


def collect_headers(collected: Collected, attributes: tuple[Attribute, ...], headers: Any) -> None:
    for attribute in attributes:
        collected.put(attribute, headers.get(str(attribute.value)))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _said_by_ai_proxy(ctx: HttpContext) -> dict[str, Any]:
    """What ai_proxy has written when the answer ended; empty without it."""
    text = ctx.get_property(_AI_PROXY_LOG)
    try:
        found = json.loads(text) if text else None
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _usage(said: dict[str, Any]) -> Usage | None:
    """Tokens of an answer that does not have them in itself: the client has not asked for the usage of its stream."""
    given, made, total = (_whole_number(said.get(name)) for name in ("input_token", "output_token", "total_token"))
    cached, reasoning = _whole_number(said.get("cached_tokens")), _whole_number(said.get("reasoning_tokens"))
    return Usage(given, made, total, cached, reasoning) if total else None


def _whole_number(value: Any) -> int:
    return value if type(value) is int and value > 0 else 0


def _text(value: bytes | None) -> str:
    return value.decode(errors="replace") if value else ""


def _milliseconds(begin: float, end: float) -> int:
    """Not negative, also if the clock goes backwards."""
    return max(round((end - begin) * 1000), 0)
