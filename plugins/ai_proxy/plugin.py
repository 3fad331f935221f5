"""The plugin: registers the function for each phase."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ParamSpec

from proxywasm import HttpContext, Plugin, plugin_context
from proxywasm.config import prepare

from .configuration import parse, parse_override
from .pipeline import attempts, request, usage
from .pipeline.plans import Config
from .protocols.clients import CLIENTS, Clients
from .protocols.exchange import ClientProtocol
from .providers import ROWS
from .providers.row import Row

P = ParamSpec("P")


def on_stream_done(ctx: HttpContext, config: Config) -> None:
    if config.plans is not None:
        provider = config.plans.provider
        for awaited in provider.awaited:
            awaited.leave(ctx)
        exchange = ctx.get_context("exchange")
        if exchange is not None:
            if not exchange.answer.is_logged:
                usage.write(ctx, provider, exchange)
            if provider.memory_budget.used:
                provider.memory_budget.release(exchange)
            if exchange.attempts is not None and exchange.attempts.fallback is not None:
                exchange.attempts.fallback.done(ctx)


def _with_masked_tracebacks(parsing: Callable[P, Config]) -> Callable[P, Config]:
    """Masks the credentials of the parsed configuration in tracebacks."""

    def parsed(*args: P.args, **kwargs: P.kwargs) -> Config:
        found = parsing(*args, **kwargs)
        if found.plans is not None:
            plugin_context().filter_tracebacks(found.plans.provider.scrubbers.clean)
        for provider in found.router.providers if found.router is not None else ():
            plugin_context().filter_tracebacks(provider.scrubbers.clean)
        return found

    return parsed


def make(rows: Sequence[Row] = ROWS, clients: Sequence[ClientProtocol] = CLIENTS) -> Plugin[Config]:
    """Makes the plugin with this table of providers and these client protocols.

    To add a model service, pass `ROWS` and your own rows; to add a client protocol, pass `CLIENTS` and your own. Raises
    `ValueError` if two protocols claim the same path or API.
    """
    known = Clients(clients)
    for row in rows:
        prepare(row.settings)
    made: Plugin[Config] = Plugin("ai-proxy", safe_log=True)
    made.parse_config(_with_masked_tracebacks(partial(parse, rows=rows, clients=known)))
    made.parse_override_config(_with_masked_tracebacks(partial(parse_override, rows=rows, clients=known)))
    made.on_request_headers(request.on_headers)
    made.on_request_body(request.on_body)
    made.on_response_headers(attempts.on_headers)
    made.on_response_body(attempts.on_body)
    made.on_response_too_large(attempts.on_too_large)
    made.on_streaming_response_body(attempts.on_chunk)
    made.on_response_broken(attempts.on_broken)
    made.on_stream_done(on_stream_done)
    return made


plugin: Plugin[Config] = make()
