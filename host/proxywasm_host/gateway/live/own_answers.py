"""What the gateway itself answers in the place of an upstream."""

from __future__ import annotations

from typing import Final

from proxywasm.wire import Fields

from .http1.upstream import Failure

STATUS: Final = {Failure.CLOSED: 503, Failure.CUT: 503, Failure.MALFORMED: 502}
DETAILS: Final = {
    Failure.CLOSED: "upstream_reset_before_response_started{connection_termination}",
    Failure.CUT: "upstream_reset_before_response_started{connection_termination}",
    Failure.MALFORMED: "upstream_reset_before_response_started{protocol_error}",
}
"""What plugins see as `response.code_details`: Envoy's words."""
BROKEN: Final = {
    Failure.CLOSED: "upstream_reset_after_response_started{connection_termination}",
    Failure.CUT: "upstream_reset_after_response_started{connection_termination}",
    Failure.MALFORMED: "upstream_reset_after_response_started{protocol_error}",
}
"""The same for a response that breaks off after its headers."""


def message(status: int, text: str) -> tuple[Fields, bytes]:
    body = f"{text}\n".encode()
    return [(":status", str(status)), ("content-type", "text/plain"), ("content-length", str(len(body)))], body
