"""Converts errors of the upstream for the client, and replaces unusable answers by errors."""

from __future__ import annotations

from typing import Any, Final

from proxywasm import Action, HttpContext, log

from ..credentials.scrubber import Scrubber
from ..protocols.exchange import Exchange
from ..protocols.interface import AnyServiceProtocol
from ..wire import limits
from ..wire.errors import (
    RESPONSE_FAILED,
    TOO_LONG,
    ApiError,
    from_anything,
    is_openai_error,
    of_service,
    parse,
    request_too_large,
)
from ..wire.lenient import mapping
from . import scrubbing
from .client_protocols import error_body
from .plans import Plan

# Headers that stay when a response is replaced: clients need them for retries, people for support cases.
_KEPT_HEADERS: Final = ("retry-after", "retry-after-ms", "x-request-id", "request-id", "x-proxywasm-route")

_TIME_OUTS: Final = (
    b"upstream_per_try_timeout",
    b"upstream_response_timeout",
    b"response_timeout",
    b"stream_idle_timeout",
)

_REQUEST_TOO_LARGE: Final = b"request_payload_too_large"
"""The property `response.code_details` if the gateway refuses to buffer a request."""


def read_error(ctx: HttpContext, status: int) -> Action | None:
    """Buffer the body of an answer with an error status, or replace it if it cannot be read."""
    if ctx.method == "HEAD":
        return None
    if not ctx.has_response_body:
        send_error(ctx, status_only(status))
        return None
    too_large = limits.exceeds(ctx.response_headers.get("content-length", ""), limits.ERROR_BODY)
    if ctx.is_binary_response_body() or too_large:
        send_error(ctx, status_only(status))
        return None
    ctx.set_response_body_buffer_limit(limits.ERROR_BODY)
    ctx.buffer_response_body()
    return Action.STOP_ITERATION


def convert_error(ctx: HttpContext, exchange: Exchange, service: AnyServiceProtocol | None, raw: bytes) -> None:
    """Convert the upstream's error to the client's format. An error that has this format already is unchanged, unless
    the client would not know by it that the request is too long.
    """
    if not ctx.is_response_from_upstream():
        replace_body(ctx, request_too_large())
        return
    body = exchange.secrets.scrubber.clean(raw)
    document = parse(body)
    error = _error(exchange, service, body, document)
    is_told = error.code != TOO_LONG or _code(document) == TOO_LONG
    if is_told and exchange.client.has_openai_errors and is_openai_error(document):
        scrubbing.pass_body(ctx, exchange, raw)
        return
    replace_body(ctx, error)
    log.warn("upstream answered with status %d: %s", exchange.answer.status, error.message)


def _code(document: Any) -> Any:
    return mapping(mapping(document).get("error")).get("code")


def error_of(plan: Plan, exchange: Exchange, raw: bytes) -> ApiError:
    """The error in an answer with an error status."""
    body = raw[: limits.ERROR_BODY]
    return _error(exchange, plan.answer.service, body, parse(body))


def _error(exchange: Exchange, service: AnyServiceProtocol | None, body: bytes, document: Any) -> ApiError:
    error = service.error(exchange.answer.status, document) if service and isinstance(document, dict) else None
    return of_service(from_anything(exchange.answer.status, body, document) if error is None else error)


def is_size_refusal(ctx: HttpContext, status: int) -> bool:
    """Whether the gateway itself has refused the request because its body is too large to buffer."""
    return status == 413 and ctx.get_property("response", "code_details") == _REQUEST_TOO_LARGE


def is_late(ctx: HttpContext) -> bool:
    """Whether the gateway has given up waiting for the answer."""
    return (ctx.get_property("response", "code_details") or b"").startswith(_TIME_OUTS)


def status_only(status: int) -> ApiError:
    """The error for a body that cannot be read or is too large: only its status is known."""
    return ApiError(status, f"the upstream answered with status {status}")


def replace_body(ctx: HttpContext, error: ApiError) -> None:
    """Replace the buffered answer by an error."""
    ctx.replace_response_body(set_error(ctx, error))


def set_error(ctx: HttpContext, error: ApiError) -> bytes:
    """Change the response headers to those of an error. Returns the body of the error."""
    headers = ctx.response_headers
    headers[":status"] = str(error.status)
    headers["content-type"] = "application/json"
    headers.discard("content-length")
    if error.retry_after and not headers.get("retry-after"):
        headers["retry-after"] = str(error.retry_after)
    return error_body(ctx, error)


def send_error(ctx: HttpContext, error: ApiError) -> None:
    """Send an error instead of an answer that is not buffered."""
    body = error_body(ctx, error)
    log.error("%s: %s", RESPONSE_FAILED, error.message)
    kept = {name: value for name in _KEPT_HEADERS if (value := ctx.response_headers.get(name))}
    ctx.send_http_response(
        error.status,
        {"content-type": "application/json", **kept},
        body,
        details=RESPONSE_FAILED,
    )


def log_broken_stream(failure: ApiError, scrubber: Scrubber) -> None:
    failure.mask(scrubber.clean_text)
    log.error("%s: stream not usable: %s", RESPONSE_FAILED, failure.message)
