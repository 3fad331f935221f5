"""What a request may have to wait for before it can be sent: a text, a token, files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from proxywasm import Action, HttpContext

from .errors import ApiError

Proceed: TypeAlias = Callable[[ApiError | None], Action | None]
"""Goes on with a request, or answers it with the error; pauses if there is something else to wait for."""


class Awaited(Protocol):
    """Something that requests wait for, which is the same for all of them."""

    def ready(self, ctx: HttpContext, /) -> bool:
        """Whether a request need not wait."""

    def wait(self, ctx: HttpContext, proceed: Proceed, /) -> Action | None:
        """Hold a request until it need not wait any more; what its callback returns."""

    def leave(self, ctx: HttpContext, /) -> None:
        """A stream has ended, whether it waits or not."""


def go_on(ctx: HttpContext, proceed: Proceed, error: ApiError | None) -> None:
    """Go on with a request that has been paused."""
    if proceed(error) is not Action.PAUSE and not ctx.replied:
        ctx.resume_http_request()
