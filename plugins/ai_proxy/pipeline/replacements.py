"""The body that a request has for the provider."""

from __future__ import annotations

from ..config import custom_settings
from ..protocols.exchange import Exchange
from ..wire import limits
from ..wire.errors import request_too_large
from ..wire.json import Json, dump_converted
from . import bodies, documents, forms
from .plans import Plans


def of(plans: Plans, exchange: Exchange, raw: bytes, document: Json | None) -> bytes | None:
    """The body for the provider; None if the client's body stays. Raises `ApiError` and `NumberError`."""
    provider, plan = plans.provider, plans[exchange.api]
    if provider.row.dialect.keeps_bodies:
        if document is None:
            document = documents.of_unknown_request(raw)
        if document is None or not custom_settings.apply(provider.settings.custom_settings, document):
            return None
        return _checked_size(dump_converted(document, raw))
    if not plan.openai:
        return None  # The body is only read for the signature.
    if not exchange.form:
        body = documents.of_request(raw) if document is None else document
    elif plan.request.service is None:
        return forms.map_model(provider, exchange, raw, exchange.form)
    else:
        exchange.headers["content-type"] = "application/json"
        body = forms.document(raw, exchange.form)
    body, changed = bodies.prepare(provider, exchange, body)
    service = plans[exchange.api].request.service  # `prepare` may have changed the API.
    if service is not None:
        return _checked_size(dump_converted(service.request(exchange, body), raw))
    return _checked_size(dump_converted(body, raw)) if changed else None


def _checked_size(body: bytes) -> bytes:
    """The body. Raises `ApiError` if the conversion has made it too large."""
    if len(body) > limits.CONVERTED:
        raise request_too_large(f"the request body has more than {limits.CONVERTED} bytes when it is converted")
    return body
