"""Headers that say what is left of a limit, as OpenAI's API has them."""

from __future__ import annotations

from proxywasm.limits import Standing


def duration(milliseconds: int) -> str:
    """As OpenAI writes it.

    >>> duration(17), duration(1000), duration(90_500), duration(3_600_000)
    ('17ms', '1s', '1m30.5s', '1h0m0s')
    """
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    seconds, rest = divmod(milliseconds, 1000)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    text = f"{seconds}.{rest:03}".rstrip("0").rstrip(".") + "s" if rest else f"{seconds}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{hours}h{text}" if hours else text


def quota_headers(what: str, standing: Standing) -> list[tuple[str, str]]:
    """`what`: `requests` or `tokens`."""
    return [
        (f"x-ratelimit-limit-{what}", str(standing.limit)),
        (f"x-ratelimit-remaining-{what}", str(standing.remaining)),
        (f"x-ratelimit-reset-{what}", duration(standing.reset_ms)),
    ]
