"""Chooses the API token of a request."""

from __future__ import annotations

import time
from collections.abc import Collection

from ..wire import apis
from .token_health import Health

_LONGEST_REST = 300.0
"""Seconds. The longest time that a token rests, whatever `retry-after` says."""


class Tokens:
    """The tokens of one provider, which are used in turn.

    A token is skipped while its service has asked to wait (`retry-after`), or while `failover` regards it as unhealthy.
    If all are skipped, one of them is used anyway. Turns are kept in this instance of the plugin, health is shared by
    all instances.
    """

    def __init__(self, tokens: tuple[str, ...], health: Health | None = None) -> None:
        self._tokens = tuple(dict.fromkeys(tokens))
        self.only = tokens[0] if len(self._tokens) == 1 else ""
        """The token if there is only one; otherwise empty."""
        self.health = health
        self._turn = 0
        self._resting: dict[str, float] = {}

    def pick(self, api: str, consumer: str | None) -> str:
        """The token of a request; empty if there are none.

        For APIs that keep state, a consumer known to the gateway always gets the same token.
        """
        count = len(self._tokens)
        if count < 2:
            return self.only
        if consumer and api in apis.STATEFUL:
            first = fnv1a_32(consumer.encode(errors="surrogatepass")) % count
        else:
            first = self._turn % count
            self._turn += 1
        return self._best(first, ())

    def another(self, used: Collection[str]) -> str:
        """A token that the request has not used yet; empty if there is none."""
        last = next((self._tokens.index(token) for token in reversed([*used]) if token in self._tokens), -1)
        return self._best(last + 1, used)

    def rest(self, token: str, seconds: float) -> None:
        """Do not use this token for some seconds, as the service demands."""
        if seconds > 0 and len(self._tokens) > 1:
            self._resting[token] = time.time() + min(seconds, _LONGEST_REST)

    @property
    def all_rest(self) -> bool:
        """Whether no token is left that the service would accept now; a single one does not rest."""
        now = time.time()
        return all(self._resting.get(token, 0.0) > now for token in self._tokens) or len(self._tokens) < 2

    def _best(self, first: int, used: Collection[str]) -> str:
        order = [token for token in self._tokens[first:] + self._tokens[:first] if token not in used]
        if not order:
            return ""
        passed = self.health.down() if self.health else set()
        if self._resting:
            now = time.time()
            self._resting = {token: end for token, end in self._resting.items() if end > now}
            passed |= self._resting.keys()
        return next((token for token in order if token not in passed), order[0])


def fnv1a_32(data: bytes) -> int:
    """The Fowler-Noll-Vo hash: all gateways choose the same token for a consumer.

    >>> hex(fnv1a_32(b"foobar"))
    '0xbf9cf968'
    """
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value
