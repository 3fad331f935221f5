"""APIs of services that count the tokens of a chat, for all client protocols that can ask for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from proxywasm import Event

from ...wire import lenient
from ...wire.errors import ApiError, bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import Decoder, StreamWriter, no_state, sse_decoder


class TokenCounter:
    """A service protocol. Its requests are made of chats of the pivot, its answer is that of the client's protocol."""

    accepts_signed_thinking: Final = False

    def __init__(
        self,
        request: Callable[[Exchange, Json], Json],
        field: str,
        error: Callable[[int, Json], ApiError | None],
    ) -> None:
        """`request` may raise `NotCounted`. `field`: the one with the number in the service's answer."""
        self.request = request
        self.error = error
        self._field = field

    def response(self, exchange: Exchange, answer: Json) -> Json:
        if (failure := self.error(200, answer)) is not None:
            raise failure
        tokens = answer.get(self._field)
        if not lenient.is_number(tokens):
            raise bad_upstream("the upstream's answer has no number of tokens")
        counting = exchange.client.counting
        assert counting is not None, "only clients that can ask for a number get one"
        return counting.answer(lenient.count(tokens))

    def decoder(self) -> Decoder:
        return sse_decoder()

    def new_state(self, exchange: Exchange) -> None:
        no_state(exchange)

    def event(self, exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG002
        raise bad_upstream("the upstream streams a number of tokens")
