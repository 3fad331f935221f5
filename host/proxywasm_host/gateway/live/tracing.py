"""A span for each stream, by OpenTelemetry (extra `tracing`), in batches over HTTP from a thread of its own.

The upstream gets the span as `traceparent`. Where a client sends one, the span belongs to the client's trace, and is
recorded if that says so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from proxywasm.attributes import TRACE_SPAN_TAG
from proxywasm.wire import Fields

from ..model import Tracing as Settings
from .access import AccessLine
from .errors import LiveError

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_EXPORT_SECONDS: Final = 3.0
"""For a batch of spans; also how long the end of the gateway waits for a collector that does not answer."""
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-|$)")
_CONTEXT: Final = frozenset({"traceparent", "tracestate"})
_TOLD: Final = {
    "gen_ai.provider.name": "provider",
    "gen_ai.request.model": "requested_model",
    "gen_ai.response.model": "model",
    "gen_ai.usage.input_tokens": "input_token",
    "gen_ai.usage.output_tokens": "output_token",
}
"""OpenTelemetry's attributes for model services, and where plugins say them."""


def trace_of(values: dict[str, str]) -> str:
    """The id of the trace that a client names; empty: it names none."""
    found = _TRACEPARENT.match(values.get("traceparent", ""))
    return found[1] if found else ""


class Tracing:
    """That of one process. Raises `LiveError` if the packages are not installed."""

    def __init__(self, settings: Settings) -> None:
        try:
            # An extra of its own: it takes longer to import than all the rest, and 15 MB.
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
            from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
            from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
            from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415
            from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context  # noqa: PLC0415
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415
        except ImportError:
            raise LiveError("tracing: needs the extra `tracing`: pip install '/path/to/proxywasm[tracing]'") from None
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": settings.service}),
            sampler=ParentBased(TraceIdRatioBased(settings.sample)),
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(str(settings.url), headers=dict(settings.headers), timeout=_EXPORT_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("proxywasm")
        self._propagator = TraceContextTextMapPropagator()
        self._in_context = set_span_in_context
        self._kind, self._error = SpanKind.SERVER, StatusCode.ERROR

    def begin(self, fields: Fields, values: dict[str, str], access: AccessLine) -> Fields:
        """Begin the span of a request. The request's fields as they go on."""
        parent = self._propagator.extract({name: values[name] for name in _CONTEXT if name in values})
        span = self._tracer.start_span(
            f"{access.method} {access.route}".rstrip(),
            parent,
            self._kind,
            {"http.request.method": access.method, "url.path": access.path, "http.route": access.route},
        )
        access.span = span
        access.trace = f"{span.get_span_context().trace_id:032x}"
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier, self._in_context(span))
        return [*(field for field in fields if field[0] not in _CONTEXT), *carrier.items()]

    def end(self, access: AccessLine) -> None:
        """The stream has ended."""
        span: Span | None = access.span
        if span is None:
            return
        if span.is_recording():
            span.set_attributes(_attributes(access))
            if access.status >= 500 or access.ended.startswith("broken off"):
                span.set_status(self._error, access.ended)
        span.end()

    def close(self) -> None:
        """Send what is left. Waits for the collector, so call it in a thread."""
        self._provider.shutdown()


def _attributes(access: AccessLine) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "http.response.status_code": access.status,
        "server.address": access.upstream,
        "http.request.body.size": access.received,
        "http.response.body.size": access.sent,
        "proxywasm.ended": access.ended,
        "proxywasm.gateway_seconds": access.own_seconds,
    }
    if access.first_byte_seconds is not None:
        attributes["proxywasm.first_byte_seconds"] = access.first_byte_seconds
    for name, key in _TOLD.items():
        if isinstance(value := access.attributes.get(key), str | int):
            attributes[name] = value
    attributes |= {f"ai.{key}": value for key, value in access.ai_log.items() if isinstance(value, str | int | float)}
    return attributes | {
        key.removeprefix(TRACE_SPAN_TAG): value
        for key, value in access.named_properties()
        if key.startswith(TRACE_SPAN_TAG)
    }
