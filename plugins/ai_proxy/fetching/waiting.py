"""Shared fetches: requests wait for a text, a token or files before they are sent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeAlias

from proxywasm import Action, HttpAnswer, HttpCallError, HttpContext

from ..wire.errors import ApiError

Proceed: TypeAlias = Callable[[ApiError | None], Action | None]
"""Continues a request, or answers it with the error. Returns PAUSE if the request has to wait for something else."""


class Awaited(ABC):
    """Something that all requests share, fetched once for all requests that wait for it.

    A call-out ends with the stream that made it: if its client disconnects, the next waiting request repeats the call.
    Each request continues in its own stream: an exception fails that stream only.
    """

    def __init__(self) -> None:
        self._owner: HttpContext | None = None
        self._waiting: list[tuple[HttpContext, Proceed]] = []

    @abstractmethod
    def ready(self, ctx: HttpContext, /) -> bool:
        """Whether requests can continue without waiting."""

    @abstractmethod
    def _call(self, answered: Callable[[HttpAnswer], None], /) -> None:
        """Make the call-out. Raises `HttpCallError`."""

    @abstractmethod
    def _take(self, answer: HttpAnswer, /) -> ApiError | None:
        """Keep the fetched value; the error for clients if the answer is not usable."""

    @abstractmethod
    def _failed(self, why: str) -> ApiError:
        """Log that the call-out has failed; the error for clients."""

    @property
    def fetching(self) -> bool:
        return self._owner is not None

    def fetch(self, ctx: HttpContext) -> ApiError | None:
        """Make the call-out in this stream; the error if the call cannot be made."""
        try:
            self._call(self._answered)
        except HttpCallError as error:
            return self._failed(str(error))
        self._owner = ctx
        return None

    def wait(self, ctx: HttpContext, proceed: Proceed) -> Action | None:
        """Hold a request until the value is there. Returns the action for its callback."""
        if not self.fetching and (error := self.fetch(ctx)) is not None:
            return proceed(error)
        self._waiting.append((ctx, proceed))
        return Action.PAUSE

    def leave(self, ctx: HttpContext) -> None:
        """A stream has ended. It may wait, own the call-out, or neither."""
        self._forget(ctx)
        if self._owner is ctx:
            self._hand_over()

    def _answered(self, answer: HttpAnswer) -> None:
        owner = self._owner
        assert owner is not None, "a call-out ends with the stream that owns it"
        taken: list[ApiError | None] = []
        owner.run(lambda: taken.append(self._take(answer)))
        if taken:
            self._done(taken[0])
        else:
            # Reading the answer has raised, which ends the owner's stream.
            self._forget(owner)
            self._hand_over()

    def _hand_over(self) -> None:
        """The next waiting request repeats the call-out."""
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
            ctx.run(resume, ctx, proceed, error)


def _keep(
    results: list[ApiError | None], function: Callable[[HttpContext], ApiError | None]
) -> Callable[[HttpContext], None]:
    """The function, which adds its result to this list unless it raises."""
    return lambda ctx: results.append(function(ctx))


def resume(ctx: HttpContext, proceed: Proceed, error: ApiError | None) -> None:
    """Continue a paused request."""
    if proceed(error) is not Action.PAUSE and not ctx.replied:
        ctx.resume_http_request()
