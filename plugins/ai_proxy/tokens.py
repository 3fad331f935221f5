"""Which of several API tokens a request uses."""

from __future__ import annotations

import random

from . import apis


def pick(tokens: tuple[str, ...], api: str, consumer: str | None) -> str:
    """Any of them; but a consumer known to the gateway gets the same every time for APIs that keep things for later."""
    if not tokens:
        return ""
    if len(tokens) == 1:
        return tokens[0]
    if consumer and api in apis.STATEFUL:
        return tokens[fnv1a_32(consumer.encode()) % len(tokens)]
    return random.choice(tokens)  # noqa: S311  # not for security


def fnv1a_32(data: bytes) -> int:
    """Fowler, Noll, Vo. Any gateway that serves a consumer must come to the same token.

    >>> hex(fnv1a_32(b"foobar"))
    '0xbf9cf968'
    """
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value
