"""Answers with models of services that have a format of their own for them."""

from __future__ import annotations

from collections.abc import Callable

from ...wire import apis, lenient
from ...wire.errors import bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from .listed_models import Model, beside_others


def answer(exchange: Exchange, document: Json, listed: object, model: Callable[[Json], Model]) -> Json:
    """The answer in the client's format to a request for all models (`listed`, below the mapped names) or for one (the
    whole document). `model` reads one of the service's. Raises `ApiError` if `listed` is not a list.
    """
    form = exchange.client.models
    if exchange.api == apis.RETRIEVE_MODEL:
        return form.one(model(document))
    if not isinstance(listed, list):
        raise bad_upstream("the upstream's answer has no models")
    models = [*beside_others(exchange.settings), *map(model, lenient.objects(listed))]
    return form.many(models, lenient.text(exchange.client_state))
