"""The request phases: route, address and convert a request for the provider."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qs

from proxywasm import Action, Headers, HttpContext, log

from ..config.settings import Settings
from ..fetching.waiting import Proceed
from ..protocols.exchange import Exchange
from ..protocols.interface import FilesWanted, NotCounted, PartsWanted, ResponseWanted
from ..providers.row import Provider
from ..wire import apis, limits, multipart, paths
from ..wire.errors import ApiError, busy, request_too_large
from ..wire.json import Json, NumberError
from . import (
    addressing,
    client_protocols,
    documents,
    missing,
    model_list,
    own_answers,
    replacements,
    retry,
    stored_responses,
)
from .plans import Config, Plan, Plans, Waits
from .refusing import REQUEST_FAILED, refuse


def on_headers(
    ctx: HttpContext, config: Config, raw: bytes | None = None, document: Json | None = None
) -> Action | None:
    """Find the API, refuse invalid requests by their headers, and address the request. `raw`: its body, if that has
    arrived already, and `document`, if that is JSON and was read; it is changed.

    Every request runs this function, and a Python call costs 1,000 instructions in Wasm. So only the steps that few
    requests need are functions of their own.
    """
    plans = config.plans
    if plans is None:
        return _without_active_provider(ctx, config)
    ctx.disable_reroute()
    plain = plans.clients.plain.get(ctx.path)
    route = plain or plans.clients.route(ctx.path)
    plan = plans[route.api]
    if plan.api != route.api:
        route = apis.Route(plan.api)
    provider, request = plan.provider, plan.request
    exchange = Exchange(provider.settings, route, plan.client)
    exchange.secrets.scrubber = provider.scrubbers.configured
    exchange.memory_budget = provider.memory_budget
    ctx.set_context("exchange", exchange)
    headers = ctx.request_headers
    readable = request.body.readable and ctx.has_request_body and _is_readable(ctx, headers, plan, exchange)
    if readable and request.body.converts_client:
        exchange.set_api(apis.CHAT)
        plan = plans[apis.CHAT]
        request = plan.request
    reads = readable and request.body.needed
    try:
        if reads and limits.exceeds(headers.get("content-length", ""), limits.BODY):
            raise request_too_large()
        wrong_format = not readable and request.body.has_to_be_json and ctx.has_request_body
        unsupported = wrong_format or (not request.supported and (readable or request.refuses_unread))
        if unsupported and (action := own_answers.reply(ctx, plans, plan, exchange, route, readable=readable)):
            return action
        if plain is None and (action := _on_path(ctx, plan, exchange, route)):
            return action
        if request.reads_headers:
            _read_headers(ctx, headers, plans, exchange)
        if request.choose_path is not None:
            exchange.path = request.choose_path(exchange)
            reads = reads and not (exchange.path and request.body.only_for_path)
        exchange.secrets.token = provider.fixed_token or _token(plan, headers)
        if request.model_in_path and not reads:
            exchange.model = _model_in_query(ctx, provider.settings)
        addressing.address(ctx, headers, provider, request, exchange)
    except ApiError as error:
        refuse(ctx, error)
        return None
    if not reads:
        ctx.dont_read_request_body()
        return _when_ready(ctx, request.login, lambda: _send_unread(ctx, plan, exchange))
    if raw is not None:
        return on_body(ctx, config, raw, document)
    ctx.set_request_body_buffer_limit(limits.BODY)
    return Action.STOP_ITERATION


def _read_headers(ctx: HttpContext, headers: Headers, plans: Plans, exchange: Exchange) -> None:
    """Keep the client's headers that decide about its answer."""
    wanted = plans.provider.row.dialect.read_headers
    if plans.provider.responses is not None:
        wanted = (*wanted, stored_responses.OWNER)
    exchange.client_headers = {name: headers.get(name, "") for name in wanted}
    if exchange.api in (apis.MODELS, apis.RETRIEVE_MODEL):
        exchange.client = model_list.client_of(plans.clients, headers, exchange.client)
        exchange.client_state = ctx.path.partition("?")[2]


def _without_active_provider(ctx: HttpContext, config: Config) -> Action | None:
    """The model chooses the provider, or requests pass unchanged."""
    if config.router is not None:
        return config.router.on_request_headers(ctx)
    ctx.dont_read_request_body()
    return None


def _on_path(ctx: HttpContext, plan: Plan, exchange: Exchange, route: apis.Route) -> Action | None:
    """Check a path that is not in `Clients.plain`, or answer a request for a response that the service has never seen.

    Raises `ApiError` if the upstream may read the path differently.
    """
    if "response_id" in route.parameters and (action := stored_responses.reply(ctx, plan.provider, exchange, route)):
        return action
    if not plan.api and plan.openai:
        log.warn("unknown path %s: passed on with the provider's host and credentials only", paths.shown(ctx.path))
    paths.check(ctx.path)
    return None


def _token(plan: Plan, headers: Headers) -> str:
    """The credential of this request, if not all requests have the same one."""
    provider, stateful = plan.provider, plan.request.stateful
    made = provider.row.credentials.make(provider.settings) if provider.row.credentials.make else ""
    return made or provider.tokens.pick(plan.api, headers.get("x-mse-consumer") if stateful else None)


def _model_in_query(ctx: HttpContext, settings: Settings) -> str:
    """The provider's name for the model in the query, where WebSocket requests name it."""
    model = parse_qs(ctx.path.partition("?")[2]).get("model", [""])[0]
    return model and settings.model_mapping.of(model)


def on_body(ctx: HttpContext, config: Config, raw: bytes, document: Json | None = None) -> Action | None:
    exchange: Exchange = ctx.get_context("exchange")
    plans = config.plans
    if plans is None and config.router is not None:
        return config.router.on_request_body(ctx, raw)
    assert plans is not None, "bodies are only read if there is an active provider"
    request = plans[exchange.api].request
    if request.counting is not None and not request.supported:
        return _count_tokens(ctx, plans, exchange, raw, document)
    awaited = request.awaited
    if not awaited or all(one.ready(ctx) for one, _ in awaited):
        return _send(ctx, plans, exchange, raw, document)
    if not plans.provider.memory_budget.reserve(exchange, len(raw)):
        refuse(ctx, busy())
        return None
    return _when_ready(ctx, awaited, lambda: _send_waiting(ctx, plans, exchange, raw))


def _when_ready(ctx: HttpContext, awaited: Waits, then: Callable[[], Action | None]) -> Action | None:
    """Call `then` when all of these values are there."""
    if not awaited:
        return then()
    (first, failure), *rest = awaited

    def proceed(error: ApiError | None) -> Action | None:
        if error is None:
            return _when_ready(ctx, tuple(rest), then)
        refuse(ctx, error, details=failure)
        return None

    return proceed(None) if first.ready(ctx) else first.wait(ctx, proceed)


def _send_unread(ctx: HttpContext, plan: Plan, exchange: Exchange) -> None:
    provider = plan.provider
    if provider.login is not None:
        addressing.set_token(ctx, provider, exchange, provider.login.token)
    if plan.request.needs_final_request and not ctx.has_request_body:
        _finish_request(ctx, provider, exchange, b"")


def _send(
    ctx: HttpContext, plans: Plans, exchange: Exchange, raw: bytes, document: Json | None = None
) -> Action | None:
    provider = plans.provider
    try:
        replacement = replacements.of(plans, exchange, raw, document)
        plan = plans[exchange.api]
        # Headers are changed after the last check that can refuse the request.
        path = ""
        if exchange.path or plan.request.model_in_path:
            path = addressing.upstream_path(provider, exchange, ctx.path)
    except ApiError as error:
        refuse(ctx, error)
        return None
    except NumberError as error:
        refuse(ctx, ApiError(400, f"the request body cannot be converted: {error}", code="invalid_json"))
        return None
    except NotCounted:
        return _count_tokens(ctx, plans, exchange, raw)
    except (FilesWanted, PartsWanted, ResponseWanted) as wanted:
        return missing.get(ctx, plans, exchange, len(raw), wanted, partial(_sending, ctx, plans, exchange, raw))
    if provider.login is not None:
        addressing.set_token(ctx, provider, exchange, provider.login.token)
    if exchange.stream or exchange.headers:
        _set_headers(ctx.request_headers, plan, exchange)
    if exchange.host:
        addressing.set_host(ctx, provider, exchange.host)
    if path:
        addressing.set_path(ctx, provider, path)
    if replacement is not None:
        ctx.replace_request_body(replacement)
    if plan.request.needs_final_request:
        _finish_request(ctx, provider, exchange, raw if replacement is None else replacement)
    return None


def _count_tokens(
    ctx: HttpContext, plans: Plans, exchange: Exchange, raw: bytes, document: Json | None = None
) -> Action | None:
    counting, provider = plans[exchange.api].request.counting, plans.provider
    assert counting is not None, "only requests that ask for a number of tokens get one"

    def proceed(error: ApiError | None) -> Action | None:
        if error is None:
            return _count_tokens(ctx, plans, exchange, raw)
        refuse(ctx, error)
        return None

    try:
        body = documents.of_request(raw) if document is None else document
        if provider.responses is not None and "previous_response_id" in body:
            client_protocols.expand_response(provider, exchange, body)
        own_answers.count_tokens(ctx, provider, exchange, counting, body)
    except ResponseWanted as wanted:
        return stored_responses.look_up(ctx, provider, exchange, len(raw), wanted.response_id, proceed)
    except ApiError as error:
        refuse(ctx, error)
    return None


def _send_waiting(ctx: HttpContext, plans: Plans, exchange: Exchange, raw: bytes) -> Action | None:
    """Send a request that has waited. Releases its body and files, unless they are kept for a retry."""
    action = _send(ctx, plans, exchange, raw)
    if action is not Action.PAUSE:
        exchange.files = {}
        if exchange.attempts is None and exchange.expected.parts is None:
            plans.provider.memory_budget.release(exchange)
    return action


def _set_headers(headers: Headers, plan: Plan, exchange: Exchange) -> None:
    """Set the headers that depend on the body: for a stream, and those of the service protocol."""
    if exchange.stream:
        headers.set_all(plan.request.stream_headers)
    for name, value in exchange.headers.items():
        if value is None:
            headers.discard(name)
    headers.set_all([(name, value) for name, value in exchange.headers.items() if value is not None])


def _finish_request(ctx: HttpContext, provider: Provider, exchange: Exchange, sent: bytes) -> None:
    """Sign the complete request and keep it for a retry. It must not change afterwards."""
    addressing.sign(ctx, provider, exchange, sent)
    retry.keep_request(provider, exchange, sent)


def _sending(ctx: HttpContext, plans: Plans, exchange: Exchange, raw: bytes, failure: str = REQUEST_FAILED) -> Proceed:
    """Sends the request when what it waits for is there. `failure`: the name of its failure in access logs."""

    def proceed(error: ApiError | None) -> Action | None:
        if error is None:
            return _send_waiting(ctx, plans, exchange, raw)
        refuse(ctx, error, details=failure)
        return None

    return proceed


def _is_readable(ctx: HttpContext, headers: Headers, plan: Plan, exchange: Exchange) -> bool:
    """Whether the body has a readable format: JSON, or a form, whose content type is stored in the exchange."""
    if ctx.request_is_opaque:
        return False
    content_type = headers.get("content-type", "")
    if content_type == "application/json":
        return True
    if multipart.is_form(content_type):
        exchange.form = content_type
        return plan.request.body.reads_forms
    return not content_type or "application/json" in content_type.lower()
