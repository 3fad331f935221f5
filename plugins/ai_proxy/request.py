"""A request on its way to the provider."""

from __future__ import annotations

from typing import Final

from proxywasm import Action, HttpContext, log

from . import apis, custom_settings, tokens, upstream
from .call import Call
from .errors import ApiError
from .jsonx import Json, dump_bytes, loads
from .provider import Provider

BODY_LIMIT: Final = 100 * 1024 * 1024
"""Bytes of a body that are buffered; chats carry images."""

REQUEST_FAILED: Final = "ai-proxy.proc_req_body_failed"

_FIRST_BYTE_TIMEOUT: Final = "x-envoy-upstream-rq-first-byte-timeout-ms"


def on_headers(ctx: HttpContext, provider: Provider) -> Action | None:
    ctx.disable_reroute()
    settings = provider.settings
    call = Call(settings, apis.classify(ctx.path))
    openai = settings.protocol == "openai"
    if openai and not call.api:
        log.warn("unknown path %s: passed on with the provider's host and credentials only", ctx.path)
    read = ctx.has_request_body and openai and call.api != "" and _is_readable(ctx)
    # A front for another client protocol (Anthropic messages, OpenAI responses) would take its APIs over here.
    if read and call.api not in provider.paths:
        reply(ctx, ApiError(404, "the model service behind this route does not have this API", code="unsupported_api"))
        return None
    if openai:
        ctx.set_context("call", call)
    call.token = tokens.pick(settings.api_tokens, call.api, ctx.request_headers.get("x-mse-consumer"))
    upstream.address(ctx, provider, call)
    if not read:
        ctx.dont_read_request_body()
        return None
    ctx.set_request_body_buffer_limit(BODY_LIMIT)
    return Action.STOP_ITERATION


def on_body(ctx: HttpContext, provider: Provider, call: Call, raw: bytes) -> None:
    try:
        body, changed = _prepare(provider, call, raw)
        if (codec := provider.row.codecs.get(call.api)) is not None:
            body, changed = codec.request(call, body), True
    except ApiError as error:
        reply(ctx, error)
        return
    headers = ctx.request_headers
    if call.stream:
        if provider.row.accept_for_streams and call.api in {apis.CHAT, apis.VIDEOS, apis.VIDEO_REMIX}:
            headers["accept"] = "text/event-stream"
        if provider.settings.first_byte_timeout and call.api in apis.STREAMING:
            headers[_FIRST_BYTE_TIMEOUT] = str(provider.settings.first_byte_timeout)
    for name, value in call.headers.items():
        if value is None:
            headers.discard(name)
        else:
            headers[name] = value
    if call.path:
        upstream.set_path(ctx, provider, call)
    if changed:
        ctx.replace_request_body(dump_bytes(body))


def reply(ctx: HttpContext, error: ApiError) -> None:
    """Answer the client in the provider's stead."""
    log.warn("request refused with %d: %s", error.status, error.message)
    ctx.send_http_response(error.status, {"content-type": "application/json"}, error.body(), details=REQUEST_FAILED)


def _prepare(provider: Provider, call: Call, raw: bytes) -> tuple[Json, bool]:
    """The body as it concerns every provider, and whether it is no longer what the client sent."""
    try:
        body = loads(raw)
    except ValueError as error:
        # What exactly is wrong is worded differently by each version of Python.
        log.info("request body: %s", error)
        raise ApiError(400, "the request body is not valid JSON", code="invalid_json") from None
    if not isinstance(body, dict):
        raise ApiError(400, "the request body must be a JSON object", code="invalid_json")
    settings = provider.settings
    changed = custom_settings.apply(settings.custom_settings, body) if settings.custom_settings else False
    call.stream = body.get("stream") is True
    if isinstance(count := body.get("n"), int) and count > 1:
        call.choices = count
    if call.stream and call.api in {apis.CHAT, apis.COMPLETIONS}:
        changed |= _ask_for_usage(body)
    model = body.get("model")
    if isinstance(model, str) and model:
        call.asked_model = model
        call.model = body["model"] = settings.model_mapping(model)
        changed |= call.model != model
    elif model is not None and not isinstance(model, str):
        raise ApiError(400, "model must be a string", param="model")
    elif call.api in apis.MODEL_REQUIRED:
        raise ApiError(400, "you must provide a model parameter", param="model")
    if call.api == apis.CHAT and call.api in provider.row.codecs:
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            raise ApiError(400, "messages must be a non-empty array", param="messages")
    return body, changed


def _ask_for_usage(body: Json) -> bool:
    """Streams tell the tokens used only when asked, and gateways account by them."""
    options = body.get("stream_options")
    if options is None:
        options = body["stream_options"] = {}
    if not isinstance(options, dict) or "include_usage" in options:
        return False
    options["include_usage"] = True
    return True


def _is_readable(ctx: HttpContext) -> bool:
    content_type = ctx.request_headers.get("content-type", "")
    if content_type and "application/json" not in content_type.lower():
        return False
    return not ctx.is_binary_request_body() and not ctx.is_websocket()
