"""Health checks: tries unhealthy tokens in the background until they work again."""

from __future__ import annotations

from proxywasm import ClusterClient, HttpAnswer, HttpCallError, TargetCluster, log, plugin_context

from ..credentials.token_health import Check, Health
from ..protocols import clients
from ..providers.row import Provider
from ..wire import apis, limits
from ..wire.apis import Route
from ..wire.errors import ApiError, is_openai_error, parse
from ..wire.json import dump_bytes
from . import addressing

_PATH = "/v1/chat/completions"
_QUESTION = "who are you?"


def watch(provider: Provider) -> None:
    """Start the health checks of a provider, if they are configured. Must be called while the plugin starts."""
    health = provider.tokens.health
    if health is not None:
        # Timers have steps of 100 milliseconds.
        period = -(-health.settings.health_check_interval // 100) * 100
        plugin_context().register_tick(period, lambda: _tick(provider, health))


def _tick(provider: Provider, health: Health) -> None:
    for check in health.due():
        try:
            _check(provider, health, check)
        except (ApiError, HttpCallError) as error:
            log.error("health check of a token of %s cannot be made: %s", provider.row.name, error)


def _check(provider: Provider, health: Health, check: Check) -> None:
    """Send a short chat with this token, converted as all chats are."""
    if apis.CHAT not in provider.paths:
        health.checked(check.token, good=True)  # There is no API for the check, so the next request tries the token.
        return
    settings = health.settings
    exchange = clients.new_exchange(provider.settings, Route(apis.CHAT))
    exchange.secrets.token = check.token
    exchange.requested_model = settings.health_check_model
    exchange.model = provider.settings.model_mapping.of(exchange.requested_model)
    body = {"model": exchange.model, "messages": [{"role": "user", "content": _QUESTION}]}
    service = provider.row.dialect.protocols.get(apis.CHAT)
    if service is not None:
        body = service.request(exchange, body)
    data = dump_bytes(body)
    sent, headers = addressing.own_request(provider, exchange, _PATH, data)

    def answered(answer: HttpAnswer) -> None:
        document = parse(answer.body) if len(answer.body) <= limits.OWN_ANSWER else None
        failed = isinstance(document, dict) and (
            is_openai_error(document) or (service is not None and service.error(200, document) is not None)
        )
        health.checked(check.token, good=200 <= answer.status < 300 and not failed)

    ClusterClient(TargetCluster(check.cluster, sent.host)).post(
        sent.path, answered, headers=headers, body=data, timeout_ms=settings.health_check_timeout
    )
