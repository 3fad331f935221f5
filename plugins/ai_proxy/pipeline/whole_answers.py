"""Answers clients with the whole answer of a later attempt."""

from __future__ import annotations

from typing import Final

from proxywasm import HttpAnswer, HttpContext

from ..protocols.exchange import Exchange, RefusalWatch
from . import response, scrubbing, stored_responses, usage
from .plans import Plan

# Headers of such an answer that belong to its connection.
_NOT_PASSED_ON: Final = ("connection", "content-length", "keep-alive", "transfer-encoding")


def convert(plan: Plan, exchange: Exchange, answer: HttpAnswer) -> tuple[dict[str, str], bytes]:
    """Headers and body for the client. Raises `ApiError` if the answer is not usable."""
    attempts = exchange.attempts
    if attempts is not None and attempts.fallback is not None and attempts.fallback.watches_content:
        exchange.answer.watch = RefusalWatch()
    exchange.secrets.scrubber = plan.provider.scrubbers.of(exchange.tokens, exchange.secrets.signature)
    content_type, body = response.convert_retried(plan, exchange, answer)
    usage.note(exchange.answer, body)
    headers = {
        name: answer.headers.get(name, "")
        for name in answer.headers
        if not name.startswith(":") and name not in _NOT_PASSED_ON
    }
    if content_type:
        headers["content-type"] = content_type
    return {**headers, **exchange.answer.headers}, body


def send(
    ctx: HttpContext, plan: Plan, exchange: Exchange, answer: HttpAnswer, headers: dict[str, str], body: bytes
) -> None:
    """Send the converted answer to the client."""
    stored_responses.keep(plan.provider, exchange, body, lambda kept: _send(ctx, plan, exchange, answer, headers, kept))


def _send(
    ctx: HttpContext, plan: Plan, exchange: Exchange, answer: HttpAnswer, headers: dict[str, str], body: bytes
) -> None:
    if exchange.attempts is not None and exchange.attempts.fallback is not None:
        exchange.attempts.fallback.arrived(ctx)
        ctx.set_context("exchange", exchange)
        headers |= exchange.attempts.fallback.headers
    ctx.send_http_response(answer.status, scrubbing.scrub_fields(exchange, [*headers.items()]), body)
    # Plugins before this one do not see such a reply, but may ask what it has used when the stream ends.
    usage.write(ctx, plan.provider, exchange)
