"""Errors in the format of the client's protocol, so that the client's library raises the exception of that error."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from proxywasm import HttpContext

ANTHROPIC_PATHS: Final = ("/v1/messages", "/v1/messages/count_tokens", "/v1/complete")
"""Ends of paths of Anthropic's API. All other paths are OpenAI's, or of services that have errors like OpenAI's."""
_ANTHROPIC_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_OPENAI_TYPES: Final = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}


def refuse(
    ctx: HttpContext,
    status: int,
    message: str,
    *,
    code: str,
    error_type: str = "",
    headers: Iterable[tuple[str, str]] = (),
    details: str = "",
) -> None:
    """Answer a request with an error.

    Args:
        ctx: the stream.
        status: the HTTP status.
        message: one sentence for the client. It is not masked, so it must not contain credentials.
        code: what clients of OpenAI's protocol get as `code`, for example `invalid_api_key`.
        error_type: what clients of OpenAI's protocol get as `type`; by default what the status says.
        headers: further headers of the reply.
        details: the cause for access logs (`response.code_details`), for example `key-auth.no_key`.
    """
    body = error_body(status, message, code=code, error_type=error_type, anthropic=speaks_anthropic(ctx))
    ctx.send_http_response(status, [("content-type", "application/json"), *headers], body, details=details)


def error_body(status: int, message: str, *, code: str, anthropic: bool, error_type: str = "") -> bytes:
    """The body of `refuse`."""
    document: dict[str, Any]
    if anthropic:
        kind = _ANTHROPIC_TYPES.get(status) or ("invalid_request_error" if status < 500 else "api_error")
        document = {"type": "error", "error": {"type": kind, "message": message}}
    else:
        kind = error_type or _OPENAI_TYPES.get(status) or ("invalid_request_error" if status < 500 else "server_error")
        document = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return json.dumps(document).encode()


def speaks_anthropic(ctx: HttpContext) -> bool:
    """Whether the client speaks Anthropic's protocol: the path says it, or the header that Anthropic's API requires,
    for paths that both have (`/v1/models`).
    """
    path = ctx.path.partition("?")[0]
    return path.endswith(ANTHROPIC_PATHS) or "anthropic-version" in ctx.request_headers.first
