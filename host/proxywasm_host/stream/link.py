"""One plugin's part of a stream, and local replies, which concern all plugins that the stream goes through.

Which plugins see a reply follows Envoy; `docs/design.md` has the table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from proxywasm.replies import STATUSES
from proxywasm.wire import BodyMode, LocalReply

from .events import CloseUpstream, Reset
from .exchange import Exchange, Owner, sendable
from .limits import Limits
from .ready import Ready
from .states import PARTS, Arrival, Departure, Happening, Part


class Link(Exchange):
    """Attributes:
    part: whether the plugin is called for the stream.
    chain: the same stream in each plugin that it goes through, in the order of requests; alone it has itself.
    details: where the response comes from, as `response.code_details`.
    attempts: requests that the plugin has sent after the first one.
    first_byte_ms: how long the upstream may take until its response begins, if the plugin has said so.
    broken: what the client gets because the upstream's response has broken off, as long as the plugin may prevent it.
    """

    def __init__(self, owner: Owner, context: int, limits: Limits, ready: Ready[Any]) -> None:
        super().__init__(owner, context, limits, ready)
        self.part = Part.NEVER
        self.chain: Sequence[Link] = (self,)
        self.details = ""
        self.attempts = 0
        self.first_byte_ms: int | None = None
        self.broken: LocalReply | None = None
        self._answered = False  # the plugin has answered itself, or ended the response before the upstream did
        self._pass_on: Callable[[], object] | None = None
        self._start_over: Callable[[], object] | None = None

    def join(self, chain: Sequence[Link], pass_on: Callable[[], object], start_over: Callable[[], object]) -> None:
        """Become a part of a chain, before anything has arrived.

        `pass_on` is called as soon as there are events, `start_over` before the plugin sends another request.
        """
        self.chain, self._pass_on, self._start_over = chain, pass_on, start_over

    def leave(self) -> None:
        """Another stream takes its place in the chain: of this one nothing is sent any more."""
        self.chain, self._pass_on = (self,), self.take
        for half in (self.request, self.response):
            half.drop()

    def note(self) -> None:
        if not self.events:
            return
        if self._pass_on is None:
            self._ready[self] = None
        else:
            self._pass_on()

    @property
    def entered(self) -> bool:
        """The plugin has seen the stream, and may see the response."""
        return self.part in (Part.ASKED, Part.FAILED)

    def happens(self, happening: Happening) -> None:
        self.part = PARTS[self.part][happening]

    def answer(self, reply: LocalReply) -> None:
        """The reply goes through the response phases of this plugin."""
        raise NotImplementedError

    def response_broken(self, reply: LocalReply) -> None:
        """No more of the upstream's response comes."""
        raise NotImplementedError

    def pass_break(self, reply: LocalReply) -> None:
        """The plugin does nothing about a broken response: the one before it may, otherwise the client is told."""
        self.broken = None
        if place := self.chain.index(self):
            self.response.drop()
            self.chain[place - 1].response_broken(reply)
        elif not self.response.done:
            self._deliver(reply)

    # Replies.

    def reply(self, reply: LocalReply) -> None:
        """Made in a request phase it travels back through the response phases, like any other response."""
        if reply.status not in STATUSES:
            self.log("the plugin replied with a status that cannot be sent (200 to 599)")
        reply = sendable(reply)
        if self._answered:
            self.log(f"a second local reply ({reply.status}) was given in vain")
        elif self.chain[0].response.done or self.response.departure is Departure.DROPPED:
            self.log(f"a local reply ({reply.status}) was given in vain: the response has gone on as a whole")
        elif self._response_has_begun():
            self.reply_now(reply)
        else:
            self._send_back(reply)

    def reply_now(self, reply: LocalReply) -> None:
        """Answer without asking the plugin of this stream any more.

        If there is no response yet, the other plugins of a chain see this one. Otherwise it goes to the client past all
        of them, or is too late because response headers have been sent.
        """
        first = self.chain[0]
        if len(self.chain) > 1 and not self._response_has_begun() and any(link.entered for link in self.chain):
            self.happens(Happening.FAIL)
            self.response.mode = BodyMode.SKIP
            self._send_back(reply)
        elif self is first:
            self._answer_client(reply)
        else:
            self._replied(reply)
            # Events that left this plugin before are delivered first, and may reach the client.
            self.response.drop()
            self.events.append(Reset(reply.details))
            self.note()

    def reply_past_others(self) -> None:
        """This plugin has answered while the response was on its way to the client: no other one sees that answer."""
        first, reply = self.chain[0], self.local_reply
        assert reply is not None
        if not first.response.done:  # a plugin before it may have answered, or ended the response, in the meantime
            first._answer_client(reply)

    def _answer_client(self, reply: LocalReply) -> None:
        self._replied(reply)
        for link in self.chain[1:]:
            link.response.drop()
        super().reply_now(reply)

    def _send_back(self, reply: LocalReply) -> None:
        """Through the response phases of all plugins that have seen the request, the last one first."""
        self._replied(reply)
        start = next((link for link in reversed(self.chain) if link.entered), self)
        start.answer(reply)

    def _replied(self, reply: LocalReply) -> None:
        self.drop_request()
        for link in self.chain:
            link.local_reply = reply

    def _response_has_begun(self) -> bool:
        return any(link.response.arrival is not Arrival.NOTHING for link in self.chain)

    def drop_request(self) -> None:
        """The client is answered by this plugin, without the upstream or without the rest of its response."""
        self._answered = True
        last = self.chain[-1]
        begun = [link.request.drop() for link in self.chain]
        if begun[-1]:
            last.events.append(CloseUpstream())
            last.note()

    def end_response(self) -> None:
        """The plugin has ended the response: drop what the plugins after it still have of it."""
        self.drop_request()
        for link in self.chain[self.chain.index(self) + 1 :]:
            link.response.drop()
