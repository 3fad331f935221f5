"""One HTTP stream as its host sees it: what arrives, what is to be sent, and its end."""

from __future__ import annotations

from proxywasm.text import to_bytes
from proxywasm.wire import Fields, Hold, LogLevel

from .field_rules import RECEIVED_REQUEST, RECEIVED_RESPONSE, RECEIVED_TRAILERS, Checked
from .half import Half
from .phases import Phases
from .states import ARRIVALS, Arrival, Departure, Ending, Happening, Part, Piece, SequenceError, why_not

# Looked up once: reading an enum member is slow, and there may be a chunk for each token of a model.
_INFORMATIONAL, _HEADERS, _ONLY_HEADERS, _CHUNK, _LAST_CHUNK, _TRAILERS = (
    Piece.INFORMATIONAL,
    Piece.HEADERS,
    Piece.ONLY_HEADERS,
    Piece.CHUNK,
    Piece.LAST_CHUNK,
    Piece.TRAILERS,
)
_NOTHING_ARRIVED, _ARRIVAL_CLOSED = Arrival.NOTHING, Arrival.CLOSED
_DROPPED = Departure.DROPPED
_MORE, _LAST, _TRAILERS_FOLLOW = Ending.MORE, Ending.LAST, Ending.TRAILERS
_ASKED, _FAILED, _RESTING, _OVER = Part.ASKED, Part.FAILED, Part.RESTING, Part.OVER
_CLOSE = Happening.CLOSE
_PAUSE = Hold.PAUSE


class Stream(Phases):
    """One HTTP stream. Created by `Runner.open`.

    Feed it with `request_headers`, `request_body`, `request_trailers`, `informational_response`, `response_headers`,
    `response_body`, `response_trailers` as they arrive and `close` at the end, however the stream ended. After each
    call send what `take` returns, here and for the other streams of `Runner.ready`. What no HTTP message allows in its
    place raises `SequenceError`.

    Attributes:
        id: the number of its context.
        local_reply: what the client gets instead of the upstream's response, if it does.

    The others are for this package:

        request, response: the two directions.
        events: what is to be sent.
        limits: what it may use.
    """

    # What arrives.

    def request_headers(self, fields: Fields, end_of_stream: bool, checked: Checked | None = None) -> None:
        """`checked`: the same fields, if another stream has validated them already."""
        if not self._arrives(self.request, _ONLY_HEADERS if end_of_stream else _HEADERS):
            return  # the instance was lost before they came
        try:
            checked = checked or RECEIVED_REQUEST.check(fields)
        except ValueError as error:
            self.refuse_fields(self.request, "headers", str(error))
            return
        values = checked.values
        if "x-request-id" in values:
            # As the original wrapper does: log lines of all plugins carry this property.
            self.services.note_property(self.id, ("x_request_id",), to_bytes(values["x-request-id"]))
        self.response.to_head = values.get(":method") == "HEAD"
        self.run_headers(self.request, self.owner.program.on_request_headers, checked)

    def request_body(self, data: bytes, end_of_stream: bool) -> None:
        self._body(self.request, data, end_of_stream)

    def request_trailers(self, fields: Fields) -> None:
        self._trailers(self.request, fields)

    def informational_response(self, fields: Fields) -> None:
        """Status 100, 102 or 103, before the response. It is sent on at once, and the plugin does not see it."""
        if not self._arrives(self.response, _INFORMATIONAL):
            return
        try:
            fields = RECEIVED_RESPONSE.informational(fields)
        except ValueError as error:
            self.log(f"an informational response is malformed: {error}", LogLevel.WARN)
            return
        self.response.inform(fields, self.events)
        self.note()

    def response_headers(
        self, fields: Fields, end_of_stream: bool, details: str = "via_upstream", checked: Checked | None = None
    ) -> None:
        """`details` says where the response comes from, as `response.code_details`, if not from the upstream; `checked`
        as for the request."""
        if not self._arrives(self.response, _ONLY_HEADERS if end_of_stream else _HEADERS):
            return
        try:
            checked = checked or RECEIVED_RESPONSE.check(fields)
        except ValueError as error:
            self.refuse_fields(self.response, "headers", str(error))
            return
        self.begin_response(checked, details)

    def response_body(self, data: bytes, end_of_stream: bool) -> None:
        self._body(self.response, data, end_of_stream)

    def response_trailers(self, fields: Fields) -> None:
        self._trailers(self.response, fields)

    def close(self) -> None:
        """The stream is over: answered, or given up by client or upstream. Its last events stay to be taken."""
        if self.part is _OVER:
            return
        part = self.part
        self.happens(_CLOSE)
        self.request.arrival = self.response.arrival = _ARRIVAL_CLOSED
        if part is _ASKED:
            for half in (self.request, self.response):
                if half.batch is not None and (data := half.batch.taken()):
                    self.ask(None, half.on_body, self.id, data, False)
        if part in (_ASKED, _RESTING, _FAILED):  # a plugin that failed in this stream still has to forget it
            self.ask(None, self.owner.program.on_done, self.id)
        self._ready.pop(self, None)
        self.owner.forget(self)

    def _arrives(self, half: Half, piece: Piece) -> bool:
        """Note that a piece arrives. False: it is no longer needed. Raises `SequenceError`."""
        if half is self.response and half.arrival is not _ARRIVAL_CLOSED:
            if self.request.departure is _DROPPED and self is self.chain[-1]:
                return False  # the client is answered already: the upstream's response is of no interest
            if self.request.arrival is _NOTHING_ARRIVED:
                raise SequenceError("a response before the request headers")
        following = ARRIVALS[half.arrival][piece]  # as `arrive`, for each chunk
        if type(following) is not Arrival:
            raise SequenceError(why_not(following, piece, half.name))
        half.arrival = following
        return half.departure is not _DROPPED

    def _body(self, half: Half, data: bytes, end_of_stream: bool) -> None:
        if not self._arrives(half, _LAST_CHUNK if end_of_stream else _CHUNK):
            return
        if half.hold is _PAUSE:
            self.deal_with(half, data, _LAST if end_of_stream else _MORE)
        else:
            self.chunk(half, data, _LAST if end_of_stream else _MORE)

    def _trailers(self, half: Half, fields: Fields) -> None:
        if not self._arrives(half, _TRAILERS):
            return
        try:
            half.trailers = RECEIVED_TRAILERS.fields(fields)
        except ValueError as error:
            self.refuse_fields(half, "trailers", str(error))
            return
        if refusal := half.trailers_refusal(self.limits):
            self.refuse_size_of_fields(half, refusal)
            return
        self.deal_with(half, b"", _TRAILERS_FOLLOW)

    # What is to be sent.

    @property
    def request_done(self) -> bool:
        """Nothing more will be sent upstream."""
        return self.request.done

    @property
    def response_done(self) -> bool:
        """Nothing more will be sent to the client."""
        return self.response.done

    @property
    def request_paused(self) -> bool:
        """The request waits for the plugin to resume it."""
        return self.request.hold is _PAUSE and self.request.departure is not _DROPPED

    @property
    def response_paused(self) -> bool:
        """The response waits for the plugin to resume it."""
        return self.response.hold is _PAUSE and self.response.departure is not _DROPPED
