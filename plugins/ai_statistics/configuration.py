"""The configuration. Its keys `attributes` are those of Higress' ai-statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from proxywasm import config

from .names import Names

_PATTERN: Final = config.Pattern(
    r"^[^\x00-\x1f\x7f]{1,100}(?![\s\S])", "must have 1 to 100 characters, no control characters"
)


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """A value of a request or its answer."""

    key: str = config.key("Its name in the access log", patterns=(_PATTERN,))
    value_source: Literal[
        "fixed_value", "request_header", "request_body", "response_header", "response_body", "response_streaming_body"
    ] = config.key("Where the value is. Of streams `response_streaming_body`, of all other answers `response_body`")
    value: Any = config.key(
        "The value itself, the name of a header, or a path in the JSON of the body, such as "
        "`choices.0.message.content`. `messages.@reverse.0` is the last of a list",
        default="",
    )
    default_value: Any = config.key("Where there is none", default=None)
    rule: Literal["first", "replace", "append"] = config.key(
        "Of the values in the events of a stream: the first, the last, or all of them joined", default="replace"
    )
    apply_to_log: bool = config.key("Whether it is in the access log", default=False)
    apply_to_span: bool = config.key("Whether it is in the trace", default=False)
    trace_span_key: str = config.key("Its name in the trace; by default `key`", default="")
    as_separate_log_field: bool = config.key(
        "Whether it is a filter state of its own, `wasm.KEY`, instead of a part of `wasm.ai_log`", default=False
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Counts tokens, times, errors, retries and fallbacks by consumer, model and provider."""

    attributes: tuple[Attribute, ...] = config.key("Further values for access log and trace", default=())
    models: tuple[str, ...] = config.key(
        "Models that are counted by their names; all others are `other`. By default each that a service has answered "
        "successfully, up to `max_models`",
        default=(),
    )
    max_models: int = config.key("Different models in metrics", default=100, minimum=1, maximum=1000)
    max_consumers: int = config.key(
        "Different consumers in metrics; later ones are `other`", default=500, minimum=0, maximum=1000
    )
    log: bool = config.key("Whether the filter state `wasm.ai_log` is written, for the access log", default=True)
    trace: bool = config.key(
        "Whether tokens, times, model, provider and consumer are also written as tags of the span, as Higress reads "
        "them. `serve` and stock Envoy take them from `wasm.ai_log`",
        default=False,
    )


class Statistics:
    """What callbacks need."""

    __slots__ = (
        "attributes", "consumers", "events", "fixed", "log", "models", "request_headers", "requests",
        "response_headers", "trace", "whole",
    )  # fmt: skip

    def __init__(self, settings: Settings) -> None:
        def of(*sources: str) -> tuple[Attribute, ...]:
            return tuple(attribute for attribute in settings.attributes if attribute.value_source in sources)

        self.fixed: Final = of("fixed_value")
        self.request_headers: Final = of("request_header")
        self.response_headers: Final = of("response_header")
        self.requests: Final = of("request_body")
        self.whole: Final = of("response_body")
        self.events: Final = of("response_streaming_body")
        self.attributes: Final = settings.attributes
        self.log: Final = settings.log
        self.trace: Final = settings.trace
        self.models: Final = Names(settings.models, settings.max_models)
        self.consumers: Final = Names((), settings.max_consumers)
