"""The request of an attempt after the first: goes through the same steps as the first one, on paper."""

from __future__ import annotations

from collections.abc import Callable

from proxywasm import Headers, HttpContext


class LaterRequest(HttpContext):
    """Stands for a stream while its request is made again, for another provider.

    The stream's own request has been sent and cannot change. This one has the client's headers and body again, and
    keeps what the steps of `pipeline.request` do to them.
    """

    __slots__ = ("_resumed", "body", "real", "refused", "waiting")

    def __init__(
        self, real: HttpContext, fields: list[tuple[str, str]], body: bytes, resumed: Callable[[], None]
    ) -> None:
        """`resumed` is called when a request that had to wait can be sent, or has been refused."""
        super().__init__(real._owner, real.id, Headers(fields), not real.has_request_body)
        self.real = real
        self.body = body
        self.refused = 0
        """The status with which the plugin refuses it; 0: it does not."""
        self.waiting = False
        """It waits for something that is fetched."""
        self._resumed = resumed

    def touch(self) -> None:
        """Edits of these headers are for nobody else."""

    def command(self, command: object) -> None:
        raise AssertionError(f"a later request has no stream for {type(command).__name__}")

    def disable_reroute(self) -> None:
        """It has no route."""

    def set_request_body_buffer_limit(self, size: int) -> None:
        """The body is there."""

    def replace_request_body(self, body: bytes) -> None:
        self.body = body

    def send_http_response(self, status: int, *_: object, **__: object) -> None:
        self.replied = True
        self.refused = status
        if self.waiting:
            self._resumed()

    def resume_http_request(self) -> None:
        self._resumed()

    def run(self, function: Callable[..., object], *args: object) -> None:
        """Call-outs belong to the real stream."""
        self.real.run(function, *args)
