"""Another request in the same stream: the plugin gives up on a response of which nothing has gone on.

Both messages of the stream begin again. The old ones are dropped, so that what is still running for them sends nothing.
Plugins before this one have passed their request on and wait for a response: for them nothing has happened. Those after
it have seen a request that is over, so each gets another stream.
"""

from __future__ import annotations

from proxywasm.framing import LENGTH
from proxywasm.wire import NewRequest

from .events import StartOver
from .link import Link
from .states import Departure


class Again(Link):
    """The part of a stream that sends another request."""

    def why_not_again(self) -> str:
        """Why no request can be sent in place of the one before; empty if one can."""
        if self._answered or self.response.departure is not Departure.NOTHING:
            return "the response has gone on, or the client is answered otherwise"
        if not self.request.ended or not self.request.done:
            return "the request before it has not gone on as a whole"
        return ""

    def send_again(self, request: NewRequest) -> None:
        self.attempts += 1
        self.broken = None
        if request.first_byte_timeout_ms is not None:
            self.first_byte_ms = request.first_byte_timeout_ms
        before, response = self.request, self.response
        for half in (before, response):
            half.drop()
        self.request, self.response = self.halves()
        self.request.reads_trailers, self.response.reads_trailers = before.reads_trailers, response.reads_trailers
        self.response.to_head = response.to_head
        fields, body = request.headers, request.body
        new = self.request
        new.replace([*fields, (LENGTH, str(len(body)))] if body else fields, body)
        for link in self.chain:
            link.local_reply = None  # of a plugin after this one, which is over with it
        if self._start_over is None:
            self.events.append(StartOver())
        else:
            self._start_over()
        if self.request is new:  # otherwise a lost plugin has answered already, and this one has sent a third request
            self.flush(new)
