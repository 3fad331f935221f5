"""The metrics. docs/protection.md has their table.

Numbers are counted by consumer, model and provider; times, which need many series each, by model and provider.
"""

from __future__ import annotations

from typing import Final

from proxywasm import Counter, Histogram

_BY: Final = ("consumer", "model", "provider")
_TIMES_BY: Final = ("model", "provider")

requests: Final = Counter("ai_requests", _BY)
errors: Final = Counter("ai_errors", (*_BY, "reason"))
retries: Final = Counter("ai_retries", _BY)
fallbacks: Final = Counter("ai_fallbacks", _BY)
input_tokens: Final = Counter("ai_input_tokens", _BY)
output_tokens: Final = Counter("ai_output_tokens", _BY)
cached_tokens: Final = Counter("ai_cached_tokens", _BY)
duration: Final = Histogram("ai_duration_ms", _TIMES_BY)
first_token: Final = Histogram("ai_first_token_ms", _TIMES_BY)
token_time: Final = Histogram("ai_time_per_token_ms", _TIMES_BY)


def reason(status: int, *, cut: bool) -> str:
    """Why a request has failed; empty: it has not."""
    if status == 429:
        return "limited"
    if status >= 500:
        return "service"
    if status >= 400:
        return "client"
    return "cut" if cut else ""
