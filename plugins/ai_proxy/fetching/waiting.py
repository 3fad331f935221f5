"""What a request may have to wait for before it can be sent: a text, a token, files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeAlias

from proxywasm import Action, HttpAnswer, HttpCallError, HttpContext

from ..wire.errors import ApiError

Proceed: TypeAlias = Callable[[ApiError | None], Action | None]
"""Goes on with a request, or answers it with the error; pauses if there is something else to wait for."""


class Awaited(ABC):
    """Something that is the same for all requests, and is fetched once for all that wait for it meanwhile.

    A call-out ends with the stream that made it: when its client leaves, the next one that waits makes it again.
    Each request goes on by itself: one in which the plugin raises then fails alone.
    """

    def __init__(self) -> None:
        self._owner: HttpContext | None = None
        self._waiting: list[tuple[HttpContext, Proceed]] = []

    @abstractmethod
    def ready(self, ctx: HttpContext, /) -> bool:
        """Whether a request need not wait."""

    @abstractmethod
    def _call(self, answered: Callable[[HttpAnswer], None], /) -> None:
        """Make the call-out. Raises `HttpCallError`."""

    @abstractmethod
    def _take(self, answer: HttpAnswer, /) -> ApiError | None:
        """Keep what has been fetched; what clients are told if that is of no use."""

    @abstractmethod
    def _failed(self, why: str) -> ApiError:
        """Write down that the call-out has failed; what clients are told."""

    @property
    def fetching(self) -> bool:
        return self._owner is not None

    def fetch(self, ctx: HttpContext) -> ApiError | None:
        """Make the call-out in the name of this stream; the failure, if it cannot even be made."""
        try:
            self._call(self._answered)
        except HttpCallError as error:
            return self._failed(str(error))
        self._owner = ctx
        return None

    def wait(self, ctx: HttpContext, proceed: Proceed) -> Action | None:
        """Hold a request until it need not wait any more; what its callback returns."""
        if not self.fetching and (error := self.fetch(ctx)) is not None:
            return proceed(error)
        self._waiting.append((ctx, proceed))
        return Action.PAUSE

    def leave(self, ctx: HttpContext) -> None:
        """A stream has ended, whether it waits or not."""
        self._forget(ctx)
        if self._owner is ctx:
            self._hand_over()

    def _answered(self, answer: HttpAnswer) -> None:
        owner = self._owner
        assert owner is not None, "a call-out that nobody owns any more is not answered"
        taken: list[ApiError | None] = []
        owner.run(lambda: taken.append(self._take(answer)))
        if taken:
            self._done(taken[0])
        else:
            # To look at the answer has failed, and the owner with it.
            self._forget(owner)
            self._hand_over()

    def _hand_over(self) -> None:
        """The next one that waits makes the call-out again, if it can."""
        self._owner = None
        while self._waiting and not self.fetching:
            ctx, _ = self._waiting[0]
            failed: list[ApiError | None] = []
            ctx.run(_keep(failed, self.fetch), ctx)
            if not failed:
                self._forget(ctx)
            elif failed[0] is not None:
                self._done(failed[0])

    def _forget(self, ctx: HttpContext) -> None:
        self._waiting = [(waiting, proceed) for waiting, proceed in self._waiting if waiting is not ctx]

    def _done(self, error: ApiError | None) -> None:
        self._owner = None
        waiting, self._waiting = self._waiting, []
        for ctx, proceed in waiting:
            ctx.run(go_on, ctx, proceed, error)


def _keep(
    results: list[ApiError | None], function: Callable[[HttpContext], ApiError | None]
) -> Callable[[HttpContext], None]:
    """The function, with its result in this list; empty if it raises."""
    return lambda ctx: results.append(function(ctx))


def go_on(ctx: HttpContext, proceed: Proceed, error: ApiError | None) -> None:
    """Go on with a request that has been paused."""
    if proceed(error) is not Action.PAUSE and not ctx.replied:
        ctx.resume_http_request()
