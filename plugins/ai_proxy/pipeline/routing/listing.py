"""The models of all providers, for clients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from proxywasm import Action, HttpContext

from ...protocols.exchange import ClientProtocol
from ...protocols.pivot.listed_models import Model, mapped
from ...wire import apis
from ...wire.apis import Route
from .. import model_list, request
from .entries import Entry
from .gathered_models import GatheredModels


def reply(ctx: HttpContext, entries: Sequence[Entry], client: ClientProtocol, route: Route) -> Action | None:
    """Answer a request for models: the names in the configuration, each once, and those that services list for the
    patterns there. Raises `ApiError`.
    """
    found: dict[str, Model] = {}
    for entry in entries:
        for model in _models(entry):
            found.setdefault(model.id, model)
    if route.api == apis.MODELS:
        return GatheredModels(ctx, entries, client, found.values()).start()
    name = route.parameters["model_id"]
    if (known := found.get(name)) is not None:
        model_list.reply_one(ctx, client, known)
        return None
    entry = max(entries, key=lambda entry: entry.models.rank(name))
    if not entry.models.rank(name):
        raise model_list.unknown(route)
    if apis.RETRIEVE_MODEL in entry.provider.paths:
        ctx.config = entry.config
        return request.on_headers(ctx, entry.config)
    (model,) = mapped(entry.provider.settings, (name,))
    model_list.reply_one(ctx, client, model)
    return None


def _models(entry: Entry) -> Iterator[Model]:
    """Those in `models`, and those in `modelMapping` that clients reach here."""
    settings = entry.provider.settings
    for model in mapped(settings, (*entry.models.exact, *settings.model_mapping.names)):
        if entry.models.rank(model.id):
            yield model
        elif not entry.models:
            yield model._replace(id=f"{entry.id}/{model.id}")
