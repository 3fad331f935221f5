"""Who sends a request. key_auth finds it out and hands it on to later plugins in a request header, as Higress does."""

from __future__ import annotations

from typing import Final

from proxywasm import HttpContext

CONSUMER: Final = "x-mse-consumer"
"""The request header with the consumer's name. key_auth removes one that the client has sent, and ai_proxy does not
send it to model services.
"""
LONGEST_NAME: Final = 200
"""Characters of a consumer's name. key_auth has no longer ones; without it, clients write what they like."""


def consumer_of(ctx: HttpContext) -> str:
    """The consumer's name; empty if no plugin before this one has found it out."""
    name: str = ctx.request_headers.first.get(CONSUMER, "")
    return name
