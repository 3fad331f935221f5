"""Route calls: the current request, rewritten, travels on its own route, and the plugin gets the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import checks
from .core.stream_state import StreamState
from .errors import RuleError
from .headers import Headers, HeaderValues
from .http_client import HttpAnswer, RouteCallback, message_headers, split_url, to_body
from .wire import ReplaceRequestBody


def start(
    ctx: StreamState, method: str, url: str, callback: RouteCallback, headers: HeaderValues, body: bytes | str
) -> None:
    """Rewrite the request, and keep the callback for the answer."""
    checks.text(method, "a method")
    authority, path = split_url(url)
    checks.function(callback, "the callback of a route call")
    if ctx.route_callback is not None:
        raise RuleError("cannot make a route call: this stream is one already")
    request = ctx.request.headers
    if request.sealed:
        raise RuleError(f"cannot make a route call: {request.sealed}")
    data = to_body(body)
    fields = message_headers(headers)
    for original, name in (("method", ":method"), ("path", ":path"), ("host", ":authority")):
        request[f"x-envoy-original-{original}"] = request.get(name, "")
    # The plugin has to be able to read the answer, and the new body has another length.
    request.discard("accept-encoding")
    request.discard("content-length")
    request[":method"] = method
    request[":path"] = path
    if authority:
        request[":authority"] = authority
    for name, value in fields:
        request[name] = value
    if ctx.has_request_body:
        ctx.replace_body(ctx.request, ReplaceRequestBody, data, "request")
    elif data:
        raise RuleError("cannot give a body to this route call: the request has none")
    ctx.route_callback = _answered(callback)


def _answered(callback: RouteCallback) -> Callable[[Any, object, bytes], Any]:
    def answered(ctx: Any, _config: object, body: bytes) -> Any:
        # A gateway that gets no answer makes one itself, and the client gets that unless the callback replies.
        headers = Headers.sent(ctx.response_headers.fields(), "they are those of an answer")
        return callback(HttpAnswer(int(headers[":status"]), headers, body, received=ctx.is_response_from_upstream()))

    answered.__wrapped__ = callback  # type: ignore[attr-defined]  # so errors name the author's function
    return answered
