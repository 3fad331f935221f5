"""The providers of one configuration, and which of them are asked for a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from proxywasm import HttpContext, plugin_context
from proxywasm.config import did_you_mean

from ...config.settings.routing import NextModels, RoutingSettings
from ...protocols.responses import own_ids, stored
from ...wire import apis
from ...wire.errors import ApiError
from ...wire.memory_budget import MemoryBudget
from ..plans import Config
from .breaker import Breaker
from .budget import RetryBudget
from .entries import Candidate, Entry
from .late import LateStreams
from .makers import Makers
from .order import ordered
from .requested import Requested

_SHOWN: Final = 10
"""Names of models in an error."""
_CONSUMER: Final = "x-mse-consumer"


class Selection:
    """The providers of one configuration."""

    def __init__(self, configs: Sequence[Config], settings: RoutingSettings, memory_budget: MemoryBudget) -> None:
        self.settings: Final = settings
        self.entries: Final = [Entry(config) for config in configs]
        self._by_id = {entry.id: entry for entry in self.entries}
        self.memory_budget: Final = memory_budget
        fallback, breaker = settings.fallback, settings.breaker
        self.breaker: Final = None if breaker is None else Breaker(breaker, "|".join(map(_identity, self.entries)))
        self.budget: Final = None if fallback is None else RetryBudget(fallback.retry_budget)
        natives = [entry for entry in self.entries if apis.RESPONSES in entry.provider.paths]
        self.makers: Final = Makers("|".join(map(_identity, self.entries))) if len(natives) > 1 else None
        """None: at most one of the services keeps responses."""
        watches = fallback is not None and fallback.first_byte_timeout and not plugin_context().times_first_byte
        self.late: Final = LateStreams(fallback.first_byte_timeout) if fallback is not None and watches else None
        """None: the gateway itself notices them."""

    def unknown_names(self) -> list[str]:
        """What the configuration says of providers that do not exist."""
        settings, ids = self.settings, list(self._by_id)
        named = [("routing.defaultProvider", settings.default_provider)] if settings.default_provider else []
        if settings.fallback is not None:
            for model in settings.fallback.models:
                lists = settings.fallback.models[model]
                for key, names in (("then", lists.then), ("longer", lists.longer)):
                    path = f"routing.fallback.models.{model}.{key}"
                    named += [(f"{path}[{index}]", name) for index, name in enumerate(names)]
        return [
            f'{path}: no provider has the id "{provider}"; known are: {", ".join(ids)}{did_you_mean(provider, ids)}'
            for path, name in named
            if (provider := name if path == "routing.defaultProvider" else name.partition("/")[0]) not in self._by_id
        ]

    def candidates(self, ctx: HttpContext, asked: Requested) -> list[Candidate]:
        """The providers to ask, in this order. Raises `ApiError` if there is none."""
        found = self._of_model(ctx, asked)
        usable = [one for one in found if self.has_api(one.entry, asked)]
        if asked.response_id:
            usable = self._that_know(asked, usable)
        if asked.fixed:
            usable = [one for one in usable if one.model == asked.model]
        if not usable:
            raise asked.client.unsupported(asked.route)
        # Files, batches and other things without a model are at one provider only.
        return usable if asked.model and not asked.is_bound else usable[:1]

    def _that_know(self, asked: Requested, usable: list[Candidate]) -> list[Candidate]:
        """The candidates that can continue a response, or have it: those with a store, if this plugin keeps it;
        otherwise the one that has made it, if that is known. Raises `ApiError` if that provider is not in `usable`."""
        if not asked.is_bound:
            return [one for one in usable if one.entry.provider.responses is not None] or usable
        if not asked.model:
            usable = [one for one in usable if asked.route.api in one.entry.provider.paths] or usable
        maker = self._by_id.get(self.makers.of(asked.response_id)) if self.makers is not None else None
        if maker is None:
            return usable
        found = [one for one in usable if one.entry is maker]
        if not found:
            raise stored.made_elsewhere(asked.response_id)
        return found

    def _of_model(self, ctx: HttpContext, asked: Requested) -> list[Candidate]:
        model = asked.model
        if not model:
            default = self._by_id.get(self.settings.default_provider)
            if default is None or asked.response_id:
                return [Candidate(entry, "") for entry in sorted(self.entries, key=lambda entry: entry is not default)]
            return [Candidate(default, "")]
        ranks = {entry: entry.models.rank(model) for entry in self.entries}
        best = max(ranks.values())
        exact = any(model in entry.models.exact for entry in self.entries)
        if not exact and (named := self.named(model, model)) is not None and named.model != model:
            return [named, *self._next(named.model)]
        if best:
            equal = [entry for entry, rank in ranks.items() if rank == best]
            in_order = ordered(equal, self.settings.strategy, model, self._sticky_key(ctx, asked))
            return _unique([*(Candidate(entry, model) for entry in in_order), *self._next(model)])
        if (entry := self._by_id.get(self.settings.default_provider)) is not None:
            return _unique([Candidate(entry, model), *self._next(model)])
        raise self._unknown(model)

    def _next(self, model: str) -> list[Candidate]:
        return self.of_names(self.next_models(model).then, model)

    def next_models(self, model: str) -> NextModels:
        """What the configuration says about failures of this model."""
        fallback = self.settings.fallback
        return (None if fallback is None else fallback.models.of(model)) or NextModels()

    def of_names(self, names: Sequence[str], model: str) -> list[Candidate]:
        """The candidates of a list in the configuration."""
        return [found for name in names if (found := self.named(name, model)) is not None]

    def named(self, name: str, model: str) -> Candidate | None:
        """The candidate of `provider` or `provider/model`; the model of the former is `model`."""
        if (entry := self._by_id.get(name)) is not None:
            return Candidate(entry, model)
        provider, separator, rest = name.partition("/")
        entry = self._by_id.get(provider)
        return Candidate(entry, rest) if entry is not None and separator and rest else None

    def has_api(self, entry: Entry, asked: Requested) -> bool:
        """Whether the provider has the API of a request, or one that it can be converted to."""
        plan = entry.plans[asked.route.api]
        counts = plan.request.counting is not None
        stores = entry.provider.responses is not None and "response_id" in asked.route.parameters
        return plan.request.supported or counts or stores or plan.request.body.converts_client or not asked.route.api

    def _sticky_key(self, ctx: HttpContext, asked: Requested) -> str:
        if self.settings.sticky == "consumer":
            return ctx.request_headers.get(_CONSUMER, "")
        if self.settings.sticky != "conversation" or asked.document is None:
            return ""
        return own_ids.conversation(asked.document)

    def _unknown(self, model: str) -> ApiError:
        names = [name for entry in self.entries for name in entry.models.exact]
        known = f", such as {', '.join(names[:_SHOWN])}" if names else ""
        hint = did_you_mean(model, names)
        text = (
            f"no provider of this gateway has the model {model[:200]!r}{hint}; GET /v1/models lists those it has{known}"
        )
        return ApiError(404, text, code="model_not_found", param="model")


def _identity(entry: Entry) -> str:
    return f"{entry.id}:{entry.provider.row.name}:{entry.provider.host}"


def _unique(candidates: list[Candidate]) -> list[Candidate]:
    return list(dict.fromkeys(candidates))
