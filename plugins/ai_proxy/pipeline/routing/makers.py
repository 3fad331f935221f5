"""Remembers which provider has made a response: only its service can continue it, or show it.

For providers with the Responses API. The ids lie in the gateway's shared data, for all workers; the oldest go first.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from proxywasm import LimitError, log, shared_data

from ...wire.json import dump_bytes, loads

_BUCKETS: Final = 64
_MOST: Final = 64
"""Ids in a bucket."""
_LONGEST: Final = 200
"""Characters of an id. Those of services are shorter."""


class Makers:
    """The providers of the latest responses."""

    def __init__(self, identity: str) -> None:
        self._prefix = f"ai-proxy:makers:{hashlib.sha256(identity.encode()).hexdigest()[:16]}"

    def of(self, response_id: str) -> str:
        """The `id` of the provider; empty if it is not known."""
        entry = shared_data.get(self._key(response_id))
        known = dict(_parsed(entry.value if entry is not None else None))
        return known.get(response_id, "")

    def remember(self, response_id: str, provider: str) -> None:
        """This provider has made a response."""
        if len(response_id) > _LONGEST:
            return

        def change(old: bytes | None) -> bytes:
            return dump_bytes([*_parsed(old)[1 - _MOST :], (response_id, provider)])

        try:
            shared_data.update(self._key(response_id), change)
        except LimitError as error:
            log.warn("it is not remembered which provider has made a response: %s", error)

    def _key(self, response_id: str) -> str:
        digest = hashlib.sha256(response_id.encode(errors="replace")).digest()
        return f"{self._prefix}:{digest[0] % _BUCKETS}"


def _parsed(value: bytes | None) -> list[tuple[str, str]]:
    """Invalid data counts as empty."""
    try:
        listed: Any = loads(value) if value else []
        return [(str(one), str(provider)) for one, provider in listed]
    except (TypeError, ValueError):
        return []
