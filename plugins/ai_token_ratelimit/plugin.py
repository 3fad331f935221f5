"""The plugin: reserves tokens before a request goes upstream, and settles the reservation when its answer has ended."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from ai_common import refuse
from ai_common.rate_limits import HOLDING, LimitedKey, admit, quota_headers
from ai_common.seen import Seen, Used, read_log
from proxywasm import Action, Counter, HttpContext, Plugin, config
from proxywasm.limits import Decision, Demand, Holding

from .configuration import Limits, Settings, TokenLimit, What
from .estimate import Estimate, estimate

_LIMITED: Final = "ai_token_ratelimit.limited"
_RESERVED: Final = "ai_token_ratelimit.reserved"
_SEEN: Final = "ai_token_ratelimit.seen"
_QUOTA: Final = "ai_token_ratelimit.quota"
_LARGEST_BODY: Final = 64 * 2**20
"""As much as a gateway lets plugins read: others behind this one have limits of their own."""
_NAMES: Final = {
    What.TOTAL: "tokens", What.INPUT: "tokens of input", What.OUTPUT: "tokens of output", What.REQUESTS: "requests",
}  # fmt: skip
_MESSAGE: Final = "Rate limit reached: at most {} {} in any {} seconds; used {}, requested {}. Try again in {} seconds."
_refused: Final = Counter("ai_token_ratelimit_refused", labels=["rule"])
_tokens: Final = Counter("ai_token_ratelimit_tokens", labels=["rule", "kind"])


class Reserved:
    """What was reserved for a stream."""

    __slots__ = ("demands", "expected_input", "whats", "windows")

    def __init__(self, limits: Sequence[LimitedKey], expected: Estimate) -> None:
        self.expected_input: Final = expected.input
        pairs: list[tuple[TokenLimit, str]] = [(one, key) for rates, key in limits for one in rates]
        self.whats: Final = [one.what for one, _ in pairs]
        # A request that expects more than the whole limit waits until nothing is used, and is let in then.
        self.windows: Final = [one.window for one, _ in pairs]
        self.demands: Final = [
            Demand(one.window, f"{one.what.value}:{key}", min(max(_amount(one.what, *expected), 1), one.window.limit))
            for one, key in pairs
        ]


def _amount(what: What, given: int, made: int) -> int:
    match what:
        case What.INPUT:
            return given
        case What.OUTPUT:
            return made
        case What.TOTAL:
            return given + made
    return 1


def on_request_headers(ctx: HttpContext, limits: Limits) -> Action:
    limited = limits.rules.of(ctx)
    if not limited or not ctx.has_request_body:
        # Requests without a body, such as those for a list of models, use no tokens.
        ctx.leave()
        return Action.CONTINUE
    if "json" in ctx.request_headers.get("content-type", "json") and not ctx.is_binary_request_body():
        ctx.set_context(_LIMITED, limited)
        ctx.set_request_body_buffer_limit(_LARGEST_BODY)
        return Action.STOP_ITERATION
    ctx.dont_read_request_body()
    return _reserve(ctx, limits, limited, Estimate(0, limits.reserved_output))


def on_request_body(ctx: HttpContext, limits: Limits, body: bytes) -> Action:
    expected = estimate(ctx.path, body, limits.bytes_per_token, limits.reserved_output)
    return _reserve(ctx, limits, ctx.get_context(_LIMITED), expected)


def _reserve(ctx: HttpContext, limits: Limits, limited: Sequence[LimitedKey], expected: Estimate) -> Action:
    reserved = Reserved(limited, expected)
    ctx.set_context(_RESERVED, reserved)

    def allowed(decision: Decision) -> None:
        if limits.shows_quota and decision.standings:
            standings = zip(decision.standings, reserved.whats, strict=True)
            standing, what = min(standings, key=lambda pair: pair[0].remaining / pair[0].limit)
            ctx.set_context(_QUOTA, quota_headers("requests" if what is What.REQUESTS else "tokens", standing))

    def refused(decision: Decision) -> None:
        _refuse(ctx, limits, reserved, decision)

    return admit(ctx, limits.limiter, reserved.demands, allowed=allowed, refused=refused, label="ai-token-ratelimit")


def _refuse(ctx: HttpContext, limits: Limits, reserved: Reserved, decision: Decision) -> None:
    position = decision.refused
    assert position is not None, "a refusal names the demand"
    demand, what, standing = reserved.demands[position], reserved.whats[position], decision.standings[position]
    seconds = math.ceil(decision.retry_after_ms / 1000)
    _refused.increment(rule=limits.rule_name)
    kind = "requests" if what is What.REQUESTS else "tokens"
    headers = [("retry-after", str(seconds)), *quota_headers(kind, standing)]
    details = f"ai-token-ratelimit.{kind}"
    if limits.rejected_msg is not None:
        ctx.send_http_response(limits.rejected_code, headers, limits.rejected_msg, details=details)
        return
    period = reserved.windows[position].seconds
    message = _MESSAGE.format(standing.limit, _NAMES[what], period, standing.used, demand.amount, seconds)
    refuse(
        ctx, limits.rejected_code, message,
        code="rate_limit_exceeded", error_type=kind, headers=headers, details=details,
    )  # fmt: skip


def on_response_headers(ctx: HttpContext, _: Limits) -> None:
    if ctx.get_context(HOLDING) is None:
        ctx.dont_read_response_body()
        return
    quota: Sequence[tuple[str, str]] = ctx.get_context(_QUOTA, ())
    for name, value in quota:
        ctx.response_headers[name] = value
    seen = Seen(int(ctx.response_headers.get(":status", "0")))
    ctx.set_context(_SEEN, seen)
    seen.complete = not ctx.has_response_body


def on_chunk(ctx: HttpContext, limits: Limits, chunk: bytes, last: bool) -> None:
    seen: Seen = ctx.get_context(_SEEN)
    seen.feed(chunk)
    if last:
        seen.complete = True
        _settle(ctx, limits)  # before the client can send its next request
        ctx.leave()


def on_stream_done(ctx: HttpContext, limits: Limits) -> None:
    if ctx.get_context(HOLDING) is not None:
        _settle(ctx, limits)


def _settle(ctx: HttpContext, limits: Limits) -> None:
    holding: Holding = ctx.get_context(HOLDING)
    ctx.set_context(HOLDING, None)
    reserved: Reserved = ctx.get_context(_RESERVED)
    given, made, cached = _used(ctx, limits, reserved)
    given -= cached - cached * limits.cached_percent // 100
    _tokens.increment(given, rule=limits.rule_name, kind="input")
    _tokens.increment(made, rule=limits.rule_name, kind="output")
    holding.settle([_amount(what, given, made) for what in reserved.whats])


def _used(ctx: HttpContext, limits: Limits, reserved: Reserved) -> Used:
    seen: Seen | None = ctx.get_context(_SEEN)
    if (found := read_log(ctx.get_property("ai_proxy_log"))) is not None:
        return found
    if seen is None:
        # The client has left before the answer began. What it has sent went upstream.
        return Used((reserved.expected_input, 0, 0))
    return seen.used(reserved.expected_input, limits.bytes_per_token)


plugin: Plugin[Limits] = Plugin("ai-token-ratelimit")
plugin.parse_config(config.reader(Settings, Limits))
plugin.on_request_headers(on_request_headers)
plugin.on_request_body(on_request_body)
plugin.on_response_headers(on_response_headers)
plugin.on_streaming_response_body(read_only=True, batched=True)(on_chunk)
plugin.on_stream_done(on_stream_done)
