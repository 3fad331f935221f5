"""The plugin: decides about each request when its headers have arrived."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from ai_common import refuse
from ai_common.rate_limits import HOLDING, admit, quota_headers
from proxywasm import Action, Counter, HttpContext, Plugin, config
from proxywasm.limits import Decision, Demand, Holding, Places, Standing, Window

from .configuration import Limits, Settings

_QUOTA: Final = "request_ratelimit.quota"
_RATE: Final = "Too many requests: at most {} in any {} seconds. Try again in {} seconds."
_STREAMS: Final = "Too many requests at the same time: at most {} may be under way. Try again when one has ended."
_refused: Final = Counter("request_ratelimit_refused", labels=["rule", "kind"])


def on_request_headers(ctx: HttpContext, limits: Limits) -> Action:
    asked = [(limit, key) for rates, key in limits.rules.of(ctx) for limit in rates]
    demands = [Demand(limit, key) for limit, key in asked]
    if not demands:
        ctx.leave()
        return Action.CONTINUE

    def allowed(decision: Decision) -> None:
        if limits.shows_quota and decision.standings:
            ctx.set_context(_QUOTA, quota_headers("requests", _scarcest(demands, decision)))

    def refused(decision: Decision) -> None:
        _refuse(ctx, limits, [limit for limit, _ in asked], decision)

    action = admit(ctx, limits.limiter, demands, allowed=allowed, refused=refused, label="request-ratelimit")
    if action is Action.CONTINUE and not ctx.replied and not limits.shows_quota:
        ctx.leave(until_done=True)
    return action


def _scarcest(demands: Sequence[Demand], decision: Decision) -> Standing:
    """The limit of which the smallest part is left. Windows go before places: clients plan with them."""
    pairs = [(isinstance(demand.limit, Places), standing.remaining / standing.limit, standing)
             for demand, standing in zip(demands, decision.standings, strict=False)]  # fmt: skip
    return min(pairs, key=lambda pair: pair[:2])[2]


def _refuse(ctx: HttpContext, limits: Limits, asked: Sequence[Window | Places], decision: Decision) -> None:
    assert decision.refused is not None, "a refusal names the demand"
    limit = asked[decision.refused]
    seconds = math.ceil(decision.retry_after_ms / 1000)
    if isinstance(limit, Places):
        # A place is free when a stream ends, which is not known. The lease would be the longest.
        kind, seconds, message = "streams", 1, _STREAMS.format(limit.limit)
    else:
        kind, message = "rate", _RATE.format(limit.limit, limit.seconds, seconds)
    _refused.increment(rule=limits.rule_name, kind=kind)
    headers = [("retry-after", str(seconds)), *quota_headers("requests", decision.standings[decision.refused])]
    details = f"request-ratelimit.{kind}"
    if limits.rejected_msg is not None:
        ctx.send_http_response(limits.rejected_code, headers, limits.rejected_msg, details=details)
        return
    code, kind = "rate_limit_exceeded", "requests"
    refuse(ctx, limits.rejected_code, message, code=code, error_type=kind, headers=headers, details=details)


def on_response_headers(ctx: HttpContext, _: Limits) -> None:
    quota: Sequence[tuple[str, str]] = ctx.get_context(_QUOTA, ())
    for name, value in quota:
        ctx.response_headers[name] = value


def on_stream_done(ctx: HttpContext, _: Limits) -> None:
    holding: Holding | None = ctx.get_context(HOLDING)
    if holding is not None:
        holding.keep()


plugin: Plugin[Limits] = Plugin("request-ratelimit")
plugin.parse_config(config.reader(Settings, Limits))
plugin.on_request_headers(on_request_headers)
plugin.on_response_headers(on_response_headers)
plugin.on_stream_done(on_stream_done)
