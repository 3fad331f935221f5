"""Prepares the JSON body of a request, for all providers: converts it to the pivot and applies settings."""

from __future__ import annotations

from typing import Final

from ..config import custom_settings
from ..config.settings import Settings
from ..protocols.anthropic.client import threads_unsupported
from ..protocols.exchange import Exchange
from ..protocols.pivot import call_signatures, fitting, model_rules
from ..providers.row import Provider
from ..wire import apis
from ..wire.errors import ApiError
from ..wire.json import Json
from . import client_protocols, messages

_HAVE_USAGE: Final = frozenset({apis.CHAT, apis.COMPLETIONS})
"""The APIs whose streams report the tokens used if the request asks for it."""


_COUNT_TOKENS: Final = frozenset({apis.COUNT_TOKENS, apis.COUNT_RESPONSE_TOKENS})
"""The APIs that count the tokens of a chat: if the service counts them in its own protocol, the chat is converted."""


_CONTINUE_RESPONSES: Final = frozenset({apis.RESPONSES, apis.COUNT_RESPONSE_TOKENS, apis.COMPACT_RESPONSE})


def prepare(provider: Provider, exchange: Exchange, body: Json) -> tuple[Json, bool]:
    """The pivot's request, and whether it differs from the client's body. Raises `ApiError`."""
    settings, protocols = provider.settings, provider.row.dialect.protocols
    changed = False
    is_chat = exchange.api == apis.CHAT or (exchange.api in _COUNT_TOKENS and exchange.api in protocols)
    if is_chat and not exchange.client.is_pivot:
        pivot = client_protocols.pivot_request(provider, exchange, body)
        if pivot is not None:
            body = pivot
            changed = True
        is_chat = pivot is not None
    if "previous_response_id" in body or "thread" in body:
        changed |= _continue(provider, exchange, body)
    if settings.custom_settings:
        changed |= custom_settings.apply(settings.custom_settings, body)
    exchange.stream = body.get("stream") is True
    if exchange.stream and exchange.api in _HAVE_USAGE:
        changed |= _ask_for_usage(settings, exchange, body)
    if "n" in body and isinstance(count := body["n"], int) and count > 1:
        exchange.choices = count
    if is_chat:
        changed |= messages.prepare(settings, provider.row, body)
        if apis.CHAT in protocols and not (isinstance(conversation := body.get("messages"), list) and conversation):
            raise ApiError(400, "messages must be a non-empty array", param="messages")
    changed |= _map_model(provider, exchange, body)
    if is_chat and provider.context is not None:
        changed |= provider.context.insert(body)
    if is_chat:
        changed |= _fit(provider, exchange, body)
    if (edit := provider.row.dialect.edits.get(exchange.api)) is not None:
        changed |= edit(exchange, body)
    if is_chat and apis.CHAT not in protocols:  # Others ask the profile when they convert the chat.
        changed |= model_rules.apply(exchange, body)
    return body, changed


def _continue(provider: Provider, exchange: Exchange, body: Json) -> bool:
    """A conversation that the client does not send whole. Returns whether the body has changed; raises `ApiError`."""
    if exchange.api in _CONTINUE_RESPONSES and "previous_response_id" in body:
        return client_protocols.expand_response(provider, exchange, body)
    if exchange.api == apis.MESSAGES and body.get("thread") is not None and not provider.row.dialect.keeps_threads:
        raise threads_unsupported()
    return False


def _fit(provider: Provider, exchange: Exchange, body: Json) -> bool:
    """Fit a chat to what the service accepts; whether that may have changed it."""
    changed = False
    if "tools" in body and not exchange.profile.call_signatures and isinstance(given := body.get("messages"), list):
        body["messages"] = call_signatures.without_signed_ids(given)
        changed = body["messages"] is not given
    rules = provider.row.dialect.rules(exchange.profile)
    if exchange.client.is_pivot and exchange.api not in provider.row.dialect.protocols:
        # All else is between the client and the service: they speak one protocol.
        return (rules.ids is not None and fitting.fit_ids(body, rules.ids)) or changed
    fitting.fit(exchange, body, rules)
    return True


def _map_model(provider: Provider, exchange: Exchange, body: Json) -> bool:
    model = body.get("model")
    if model is not None and not isinstance(model, str):
        raise ApiError(400, "model must be a string", param="model")
    mapping = provider.settings.model_mapping
    if model:
        exchange.requested_model = model
        exchange.model = mapping.of(model)
    elif mapping.fallback and exchange.api not in provider.row.dialect.protocols:
        exchange.model = mapping.fallback
    elif exchange.api in apis.MODEL_REQUIRED:
        raise ApiError(400, "you must provide a model parameter", param="model")
    else:
        return False
    body["model"] = exchange.model
    exchange.profile, exchange.service = provider.profiles.of(exchange.model), provider.profiles.service
    return exchange.model != model


def _ask_for_usage(settings: Settings, exchange: Exchange, body: Json) -> bool:
    """Note whether the client wants the usage, and ask for it: gateways need it for accounting, and streams only report
    it on request.
    """
    exchange.wants_usage = settings.stream_usage == "always"
    options = body.get("stream_options")
    if options is None:
        body["stream_options"] = {"include_usage": True}
        return True
    if not isinstance(options, dict):
        return False
    if options.get("include_usage") is True:
        exchange.wants_usage = True
    if "include_usage" in options:
        return False
    options["include_usage"] = True
    return True
