"""The models of all providers, for clients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from proxywasm import HttpContext

from ...protocols.exchange import ClientProtocol
from ...protocols.pivot.listed_models import Model, mapped
from ...wire import apis
from ...wire.apis import Route
from .. import model_list
from .entries import Entry


def reply(ctx: HttpContext, entries: Sequence[Entry], client: ClientProtocol, route: Route) -> None:
    """Answer a request for models: the exact names of all providers, each once. Raises `ApiError`."""
    found: dict[str, Model] = {}
    for entry in entries:
        for model in _models(entry):
            found.setdefault(model.id, model)
    if route.api == apis.MODELS:
        model_list.reply_many(ctx, client, [*found.values()])
    elif (known := found.get(route.parameters["model_id"])) is not None:
        model_list.reply_one(ctx, client, known)
    else:
        raise model_list.unknown(route)


def _models(entry: Entry) -> Iterator[Model]:
    """Those in `models`, and those in `modelMapping` that clients reach here."""
    settings = entry.provider.settings
    for model in mapped(settings, (*entry.models.exact, *settings.model_mapping.names)):
        if entry.models.rank(model.id):
            yield model
        elif not entry.models:
            yield model._replace(id=f"{entry.id}/{model.id}")
