"""A stream as the page shows it."""

from __future__ import annotations

from typing import Any, Final

from ...live.access import AccessLine
from ..times import iso

_LONGEST: Final = 200
_TEXTS: Final = ("provider", "requested_model", "model")
_NUMBERS: Final = ("input_token", "output_token", "total_token", "cached_tokens", "reasoning_tokens")


def row(access: AccessLine, state: str, generation: int) -> dict[str, Any]:
    """`state`: of one that is open, otherwise `ended`. Reading what plugins have left costs a little, so it is for
    streams that have ended."""
    ended = state == "ended"
    first = access.first_byte_seconds
    first_ms = None if first is None else round(first * 1000, 1)
    attributes = access.attributes if ended else {}
    found: dict[str, Any] = {
        "id": access.number,
        "generation": generation,
        "state": state,
        "began": iso(access.start),
        "age_ms": round((access.seconds if ended else access.age) * 1000, 1),
        "route": access.route,
        "method": access.method,
        "path": access.path,
        "client": access.client,
        "upstream": access.upstream[:_LONGEST],
        "status": access.status,
        "first_byte_ms": first_ms,
        "first_token_ms": first_ms if access.streams else None,
        "request_bytes": access.received,
        "response_bytes": access.sent,
        "events": access.events,
        "attempts": access.attempts,
        "ended": access.ended[:_LONGEST] if ended else None,
        "recorded": access.recorded,
    }
    for name in _TEXTS:
        value = attributes.get(name)
        found[name] = value[:_LONGEST] if isinstance(value, str) else None
    for name in _NUMBERS:
        value = attributes.get(name)
        found[name] = value if isinstance(value, int) and not isinstance(value, bool) else None
    if (models := access.models) is not None:
        found["requested_model"] = found["requested_model"] or models.asked
        found["model"] = found["model"] or models.used
    return found
