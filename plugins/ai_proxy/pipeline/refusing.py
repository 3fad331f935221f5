"""Answers a request with an error."""

from __future__ import annotations

from typing import Final

from proxywasm import HttpContext, log

from ..wire import paths
from ..wire.errors import ApiError
from .client_protocols import error_body

REQUEST_FAILED: Final = "ai-proxy.proc_req_body_failed"


def refuse(ctx: HttpContext, error: ApiError, *, details: str = REQUEST_FAILED) -> None:
    """Answer the client with an error instead of sending the request."""
    body = error_body(ctx, error)
    log.warn("request refused with %d: %s", error.status, paths.shown(error.message))
    ctx.send_http_response(error.status, {"content-type": "application/json"}, body, details=details)
