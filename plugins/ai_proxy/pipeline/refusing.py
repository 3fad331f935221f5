"""Answers a request with an error."""

from __future__ import annotations

from typing import Final

from proxywasm import HttpContext, log

from ..protocols.exchange import ClientProtocol
from ..wire import paths
from ..wire.errors import ApiError
from ..wire.json import dump_bytes
from .client_protocols import error_body

REQUEST_FAILED: Final = "ai-proxy.proc_req_body_failed"


def refuse(ctx: HttpContext, error: ApiError, *, details: str = REQUEST_FAILED) -> None:
    """Answer the client with an error instead of sending the request."""
    _send(ctx, error, error_body(ctx, error), details)


def refuse_unrouted(ctx: HttpContext, client: ClientProtocol, error: ApiError) -> None:
    """The same for a request that has no provider yet, in the client's protocol."""
    _send(ctx, error, dump_bytes(client.error(error)), REQUEST_FAILED)


def _send(ctx: HttpContext, error: ApiError, body: bytes, details: str) -> None:
    log.warn("request refused with %d: %s", error.status, paths.shown(error.message))
    headers = {"content-type": "application/json"}
    if error.retry_after:
        headers["retry-after"] = str(error.retry_after)
    ctx.send_http_response(error.status, headers, body, details=details)
