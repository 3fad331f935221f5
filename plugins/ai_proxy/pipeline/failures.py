"""A response that is an error: what the client is told in its place, and what of it stays."""

from __future__ import annotations

from typing import Final

from proxywasm import Action, HttpContext, log

from ..credentials.scrubber import Scrubber
from ..protocols.exchange import Exchange
from ..protocols.interface import AnyServiceProtocol
from ..wire import limits
from ..wire.errors import RESPONSE_FAILED, ApiError, from_anything, is_openai_error, parse, request_too_large
from . import scrubbing
from .client_protocols import error_body

# Of an error that has to be answered anew: what a client's retry and a support case need.
_KEPT_HEADERS: Final = ("retry-after", "x-request-id")

_REQUEST_TOO_LARGE: Final = b"request_payload_too_large"
"""What `response.code_details` says when a gateway, Envoy or ours, refuses to buffer a request."""


def read_error(ctx: HttpContext, status: int) -> Action | None:
    """The upstream answers with a status that says so."""
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
    """The upstream's error in the client's terms. OpenAI's clients get an OpenAI error object as it is."""
    if not ctx.is_response_from_upstream():
        replace_body(ctx, request_too_large())
        return
    body = exchange.secrets.scrubber.clean(raw)
    document = parse(body)
    if exchange.client.is_pivot and is_openai_error(document):
        scrubbing.pass_body(ctx, exchange, raw)
        return
    error = service.error(exchange.answer.status, document) if service and isinstance(document, dict) else None
    if error is None:
        error = from_anything(exchange.answer.status, body, document)
    replace_body(ctx, error)
    log.warn("upstream answered with status %d: %s", exchange.answer.status, error.message)


def is_size_refusal(ctx: HttpContext, status: int) -> bool:
    """The gateway itself has refused a request for its size, while its body was being buffered."""
    return status == 413 and ctx.get_property("response", "code_details") == _REQUEST_TOO_LARGE


def status_only(status: int) -> ApiError:
    """What is known of an error whose body cannot be read, or is larger than any error has a reason to be."""
    return ApiError(status, f"the upstream answered with status {status}")


def replace_body(ctx: HttpContext, error: ApiError) -> None:
    """The client gets an error in place of the answer in hand."""
    ctx.replace_response_body(set_error(ctx, error))


def set_error(ctx: HttpContext, error: ApiError) -> bytes:
    """Turn the headers of a response into those of an error; its body."""
    headers = ctx.response_headers
    headers[":status"] = str(error.status)
    headers["content-type"] = "application/json"
    headers.discard("content-length")
    return error_body(ctx, error)


def send_error(ctx: HttpContext, error: ApiError) -> None:
    """The client gets an error in place of an answer of which nothing is in hand."""
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
