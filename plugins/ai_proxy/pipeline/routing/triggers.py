"""Why an attempt has failed, and whether another provider may answer."""

from __future__ import annotations

import re
from typing import Final

from proxywasm import HttpContext

from ...config.settings.routing import (
    BAD_ANSWER,
    CONNECT,
    CONTENT_FILTER,
    CONTEXT_LENGTH,
    FIRST_BYTE,
    STATUS,
    FallbackSettings,
)
from ...wire.errors import ApiError, says_too_long
from .. import failures

_TOO_MANY: Final = 429
_OF_REQUESTS: Final = frozenset({400, 403, 413, 422})
"""The statuses of errors that may say that the request is too long or refused for its content."""

_FILTERED: Final = re.compile(
    r"content[_ ]?(filter|policy|management|moderation|exist risk)|data_?inspection|inappropriate content|sensitive"
    r"|responsible ai|safety (system|filter|setting)|prohibited_content",
    re.IGNORECASE,
)

_BROKEN: Final = b"upstream_reset_after_response_started"
_NOT_CONNECTED: Final = (
    b"upstream_reset",
    b"no_healthy_upstream",
    b"cluster_not_found",
    b"no_upstream",
    b"route_not_found",
)


def of_gateway(ctx: HttpContext) -> str:
    """The reason if the gateway has got no answer, or not all of it; empty if there is one, also of another plugin."""
    if failures.is_late(ctx):
        return FIRST_BYTE
    details = ctx.get_property("response", "code_details") or b""
    if details.startswith(_BROKEN):
        return BAD_ANSWER
    return CONNECT if details.startswith(_NOT_CONNECTED) else ""


def may_say_more(settings: FallbackSettings, status: int) -> bool:
    """Whether the body of an error decides if another provider is asked."""
    return status in _OF_REQUESTS and (CONTEXT_LENGTH in settings.on or CONTENT_FILTER in settings.on)


def of_answer(settings: FallbackSettings | None, status: int, error: ApiError | None) -> str:
    """The reason for an answer with an error status; empty: the request is at fault. `error` is what its body says."""
    reason = _of_error(error) if error is not None and status in _OF_REQUESTS else ""
    if reason:
        return reason
    if settings is None:
        return STATUS if status >= 500 or status == _TOO_MANY else ""
    return STATUS if status in settings.on_status else ""


def of_unusable(error: ApiError) -> str:
    """The reason for an answer with a good status that is an error or not usable."""
    return _of_error(error) or BAD_ANSWER


def _of_error(error: ApiError) -> str:
    if says_too_long(error):
        return CONTEXT_LENGTH
    return CONTENT_FILTER if _FILTERED.search(f"{error.code or ''} {error.message}") else ""
