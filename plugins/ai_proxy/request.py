"""A request on its way to the provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs

from proxywasm import Action, HttpContext, log

from . import apis, bodies, custom_settings, files, forms, fronts, multipart, retry, upstream
from .call import Call
from .errors import ApiError, parse
from .files import FilesWanted
from .jsonx import dump_bytes
from .provider import Original, Provider
from .waiting import Awaited, go_on

BODY_LIMIT: Final = 100 * 1024 * 1024
"""Bytes of a body that are buffered; chats carry images."""

REQUEST_FAILED: Final = "ai-proxy.proc_req_body_failed"

_FIRST_BYTE_TIMEOUT: Final = "x-envoy-upstream-rq-first-byte-timeout-ms"


def on_headers(ctx: HttpContext, provider: Provider) -> Action | None:
    ctx.disable_reroute()
    settings, row = provider.settings, provider.row
    openai = settings.protocol == "openai"
    route = apis.classify(ctx.path)
    if not openai and row.original is Original.KNOWN_APIS_OR_CHAT and route.api not in provider.paths:
        route = apis.Route(apis.CHAT)
    call = Call(settings, route)
    if openai and not call.api:
        log.warn("unknown path %s: passed on with the provider's host and credentials only", ctx.path)
    # A signature covers the body, whatever it is about.
    known = call.api != "" or (row.sign is not None and not openai)
    concerned = ctx.has_request_body and known and _is_readable(ctx, provider, call)
    ctx.set_context("call", call)
    if concerned and openai:
        fronts.enter(call, provider)
    if concerned and call.api not in provider.paths and not _forwards_unknown_apis(provider):
        reply(ctx, ApiError(404, "the model service behind this route does not have this API", code="unsupported_api"))
        return None
    if openai and row.choose_path is not None:
        call.path = row.choose_path(call)
    consumer = ctx.request_headers.get("x-mse-consumer")
    call.token = (row.credential(settings) if row.credential else "") or provider.tokens.pick(call.api, consumer)
    read = concerned and _is_edited(provider, call)
    if not read and "{model}" in provider.paths.get(call.api, ""):
        # A websocket's request has the model in its query.
        asked = parse_qs(ctx.path.partition("?")[2]).get("model", [""])[0]
        call.model = asked and settings.model_mapping(asked)
    call.asked_headers = {name: ctx.request_headers.get(name, "") for name in row.read_headers}
    upstream.address(ctx, provider, call)
    if row.first_byte_timeout_always and settings.first_byte_timeout:
        ctx.request_headers[_FIRST_BYTE_TIMEOUT] = str(settings.first_byte_timeout)
    if not read:
        ctx.dont_read_request_body()
        return _after(ctx, _login(provider), lambda: _send_unread(ctx, provider, call))
    ctx.set_request_body_buffer_limit(BODY_LIMIT)
    return Action.STOP_ITERATION


def on_body(ctx: HttpContext, provider: Provider, call: Call, raw: bytes) -> Action | None:
    awaited = _login(provider)
    if provider.context is not None and call.api == apis.CHAT and provider.settings.protocol != "original":
        awaited.append((provider.context, f"ai-proxy.{provider.row.name}.load_ctx_failed"))
    return _after(ctx, awaited, lambda: _send(ctx, provider, call, raw))


def _login(provider: Provider) -> list[tuple[Awaited, str]]:
    return [] if provider.login is None else [(provider.login, f"ai-proxy.{provider.row.name}.load_ak_failed")]


def _after(ctx: HttpContext, awaited: list[tuple[Awaited, str]], then: Callable[[], Action | None]) -> Action | None:
    """Go on when all of these are there. Each comes with what a failure is called in access logs."""
    if not awaited:
        return then()
    (first, failure), *rest = awaited

    def proceed(error: ApiError | None) -> Action | None:
        if error is None:
            return _after(ctx, rest, then)
        reply(ctx, error, details=failure)
        return None

    return proceed(None) if first.ready(ctx) else first.wait(ctx, proceed)


def _send_unread(ctx: HttpContext, provider: Provider, call: Call) -> None:
    if provider.login is not None:
        upstream.set_token(ctx, provider, call, provider.login.token)
    if not ctx.has_request_body:
        upstream.sign(ctx, provider, b"")
        retry.remember(provider, call, b"")


def _send(ctx: HttpContext, provider: Provider, call: Call, raw: bytes) -> Action | None:
    row = provider.row
    headers = ctx.request_headers
    try:
        replacement = _replacement(provider, call, raw, headers.get("content-type", ""))
    except ApiError as error:
        reply(ctx, error)
        return None
    except FilesWanted as wanted:
        return _fetch(ctx, provider, call, raw, wanted.urls)
    if provider.login is not None:
        upstream.set_token(ctx, provider, call, provider.login.token)
    if call.stream:
        if row.accept_for_streams and call.api in {apis.CHAT, apis.VIDEOS, apis.VIDEO_REMIX}:
            headers["accept"] = "text/event-stream"
        if provider.settings.first_byte_timeout and call.api in apis.STREAMING:
            headers[_FIRST_BYTE_TIMEOUT] = str(provider.settings.first_byte_timeout)
    for name, value in call.headers.items():
        if value is None:
            headers.discard(name)
        else:
            headers[name] = value
    if call.host:
        upstream.set_host(ctx, provider, call.host)
    if call.path or "{model}" in provider.paths.get(call.api, ""):
        upstream.set_path(ctx, provider, call)
    if replacement is not None:
        ctx.replace_request_body(replacement)
    sent = raw if replacement is None else replacement
    upstream.sign(ctx, provider, sent)
    retry.remember(provider, call, sent)
    return None


def _fetch(ctx: HttpContext, provider: Provider, call: Call, raw: bytes, urls: list[str]) -> Action | None:
    """Fetch files, and then convert the request once more."""
    failure = f"ai-proxy.{provider.row.name}.fetch_image_failed"

    def proceed(error: ApiError | None) -> Action | None:
        if error is None:
            return _send(ctx, provider, call, raw)
        reply(ctx, error, details=failure)
        return None

    try:
        files.fetch(call, urls, lambda error: go_on(ctx, proceed, error))
    except ApiError as error:
        return proceed(error)
    return Action.PAUSE


def _replacement(provider: Provider, call: Call, raw: bytes, content_type: str) -> bytes | None:
    """The body for the provider; None if the client's will do. Raises `ApiError`."""
    row = provider.row
    if provider.settings.protocol == "original" and not row.keeps_bodies:
        return None  # It is read for the signature only.
    if row.keeps_bodies:
        document = parse(raw)
        if not isinstance(document, dict) or not custom_settings.apply(provider.settings.custom_settings, document):
            return None
        return dump_bytes(document)
    codec = row.codecs.get(call.api)
    form = multipart.is_form(content_type)
    if form and codec is None:
        return forms.map_model(provider, call, raw, content_type)
    if form:
        call.headers["content-type"] = "application/json"
        body = forms.document(raw, content_type)
    else:
        body = bodies.document(raw)
    body, changed = bodies.prepare(provider, call, body)
    codec = row.codecs.get(call.api)  # With some models the API has turned out to be another.
    if codec is not None:
        return dump_bytes(codec.request(call, body))
    return dump_bytes(body) if changed else None


def reply(ctx: HttpContext, error: ApiError, *, details: str = REQUEST_FAILED) -> None:
    """Answer the client in the provider's stead."""
    log.warn("request refused with %d: %s", error.status, error.message)
    body = fronts.error_body(ctx, error)
    ctx.send_http_response(error.status, {"content-type": "application/json"}, body, details=details)


def _is_readable(ctx: HttpContext, provider: Provider, call: Call) -> bool:
    if ctx.is_binary_request_body() or ctx.is_websocket():
        return False
    content_type = ctx.request_headers.get("content-type", "")
    if multipart.is_form(content_type):
        # Other forms are uploads, which go on as they come.
        return call.api in apis.IMAGE_FORMS or "{model}" in provider.paths.get(call.api, "")
    return not content_type or "application/json" in content_type.lower()


def _forwards_unknown_apis(provider: Provider) -> bool:
    if provider.settings.protocol == "openai" or provider.row.forwards_unknown_apis:
        return provider.row.forwards_unknown_apis
    return provider.row.original is not Original.LIKE_OPENAI


def _is_edited(provider: Provider, call: Call) -> bool:
    """Whether anything in the body matters to anyone here."""
    row, settings = provider.row, provider.settings
    if row.keeps_bodies:
        return bool(settings.custom_settings)
    if row.sign is not None:
        return True
    if settings.protocol != "openai" or call.api not in provider.paths:
        return False
    return (
        call.api in row.codecs
        or call.api not in apis.UNREAD
        or ("{model}" in provider.paths[call.api] and not call.path)
    )
