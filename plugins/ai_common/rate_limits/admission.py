"""The way of a request through its limits, whether the storage answers at once or later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from ai_common.errors import refuse
from proxywasm import Action, HttpContext, limits

HOLDING: Final = "rate_limits.holding"
_UNAVAILABLE: Final = "The gateway cannot count this request now. Try again later."


def admit(
    ctx: HttpContext,
    limiter: limits.Limiter,
    demands: Sequence[limits.Demand],
    *,
    allowed: Callable[[limits.Decision], None],
    refused: Callable[[limits.Decision], None],
    label: str,
) -> Action:
    """What a callback of the request returns: the request passes, is answered, or waits for the storage.

    `allowed` may edit the request, `refused` answers it. What was taken is the stream's value `HOLDING`.
    """
    waits = False

    def decided(decision: limits.Decision) -> None:
        if decision.allowed:
            ctx.set_context(HOLDING, decision.holding)
            allowed(decision)
            if waits:
                ctx.resume_http_request()
        elif decision.failed:
            headers = [("retry-after", "1")]
            refuse(ctx, 503, _UNAVAILABLE, code="limits_unavailable", headers=headers, details=f"{label}.unavailable")
        else:
            refused(decision)

    answered: list[limits.Decision] = []

    def arrived(decision: limits.Decision) -> None:
        answered.append(decision)
        decided(decision)

    limiter.take(demands, arrived)
    if answered:
        return Action.CONTINUE
    waits = True
    return Action.PAUSE
