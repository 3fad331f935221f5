"""What a request needs before it can be converted: files, answers to parts of it, an earlier response."""

from __future__ import annotations

from collections.abc import Callable

from proxywasm import Action, HttpContext

from ..fetching import remote_files
from ..fetching.waiting import Proceed, resume
from ..protocols.exchange import Exchange
from ..protocols.interface import FilesWanted, PartsWanted, ResponseWanted
from ..wire.errors import ApiError, busy
from . import stored_responses
from .part_requests import PartRequests
from .plans import Plans
from .refusing import REQUEST_FAILED


def get(
    ctx: HttpContext,
    plans: Plans,
    exchange: Exchange,
    size: int,
    wanted: FilesWanted | PartsWanted | ResponseWanted,
    sending: Callable[[str], Proceed],
) -> Action | None:
    """Get it. `size`: the bytes of the request's body, which is kept meanwhile. `sending` returns what converts and
    sends the request when all is there, or refuses it; its argument is the name of that failure in access logs.
    """
    if isinstance(wanted, FilesWanted):
        proceed = sending(f"ai-proxy.{plans.provider.row.name}.fetch_image_failed")
        return _fetch(ctx, plans, exchange, size, wanted.urls, proceed)
    proceed = sending(REQUEST_FAILED)
    if isinstance(wanted, ResponseWanted):
        return stored_responses.look_up(ctx, plans.provider, exchange, size, wanted.response_id, proceed)
    asked = PartRequests(ctx, plans[exchange.api], exchange, wanted, size, lambda error: resume(ctx, proceed, error))
    if (error := asked.start()) is not None:
        return proceed(error)
    return Action.PAUSE


def _fetch(
    ctx: HttpContext, plans: Plans, exchange: Exchange, size: int, urls: list[str], proceed: Proceed
) -> Action | None:
    memory_budget = plans.provider.memory_budget
    if not memory_budget.reserve(exchange, size):
        return proceed(busy())
    try:
        fetched = exchange.files = {**exchange.files}
        remote_files.fetch(
            fetched,
            urls,
            lambda fetched_size: memory_budget.reserve(exchange, size + fetched_size),
            lambda error: resume(ctx, proceed, error),
        )
    except ApiError as error:
        return proceed(error)
    return Action.PAUSE
