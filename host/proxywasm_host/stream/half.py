"""One direction of a stream: what has arrived, what waits, and what is sent. Its states are in `states`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from proxywasm.batch import Batch
from proxywasm.headers import apply_edits
from proxywasm.wire import BodyMode, FieldEdits, Fields, Hold, Outcome

from .events import Event, InformationalResponse, Side
from .field_rules import OPERATIONS, Checked, are_edits
from .framing import STATUS, announced, with_status
from .limits import Limits, fields_refusal, fields_size
from .states import ARRIVALS, DEPARTURES, Arrival, Departure, Ending, Piece, SequenceError, Step, Tail, why_not
from .waiting import Waiting

_OF_STATUS: Final = frozenset({f"{operation}{STATUS}" for operation in OPERATIONS})
"""Edits that change the status."""

# Looked up once: reading an enum member is slow, and there may be a chunk for each token of a model.
_INFORMATIONAL, _HEADERS, _ONLY_HEADERS = Piece.INFORMATIONAL, Piece.HEADERS, Piece.ONLY_HEADERS
_CHUNK, _LAST_CHUNK, _TRAILERS = Piece.CHUNK, Piece.LAST_CHUNK, Piece.TRAILERS
_NOTHING_ARRIVED, _ONLY_HEADERS_ARRIVED, _ALL_ARRIVED = Arrival.NOTHING, Arrival.ONLY_HEADERS, Arrival.ENDED
_HEADERS_ARRIVED = Arrival.HEADERS
_NOTHING_SENT, _HEADERS_SENT, _ALL_SENT, _DROPPED = (
    Departure.NOTHING,
    Departure.HEADERS,
    Departure.ENDED,
    Departure.DROPPED,
)
_ABSENT, _SHOWN = Tail.ABSENT, Tail.SHOWN
_SKIP, _OBSERVE = BodyMode.SKIP, BodyMode.OBSERVE
_PAUSE = Hold.PAUSE


class Half:
    """One direction. Its stream decides about the plugin, and sets `mode`, `hold` and `taken`.

    Attributes:
        name: "request" or "response", for messages.
        arrival, departure: how much has arrived, and how much has been sent on.
        limit: bytes that may be buffered; a plugin may set another one, up to `most`.
        on_body, on_trailers: the plugin's phases for a body and for trailers of this direction.
        fields: the headers; None: none have arrived, or they were refused.
        changed: the plugin has given other bytes than came, or has taken some.
        draining: chunks that arrived while it was paused are being given to the plugin.
        to_head: this is the response to a request with HEAD.
        mode: how the plugin wants the body.
        batch: what has passed and the plugin has not been shown, if it only looks at the body.
        reads_trailers: the plugin wants trailers.
        hold: what holds this direction back.
        body: what the plugin has in hand, or had when it paused; `body_ends`: with it the message ends.
        taken: the plugin has taken the last chunk: it decides what is sent, and where the end is.
        trailers, tail: those that have arrived, and what they wait for.
        paused_since: nanoseconds on the host's clock; meaningful while `waiting`.
    """

    __slots__ = (
        "_arrived", "_checked", "_fields_size", "_most", "_owed", "_send_body", "_send_headers", "_send_trailers",
        "_waiting", "arrival", "batch", "body", "body_ends", "changed", "departure", "draining", "fields", "hold",
        "limit", "mode", "name", "on_body", "on_trailers", "paused_since", "reads_trailers", "tail", "taken",
        "to_head", "trailers",
    )  # fmt: skip

    def __init__(
        self,
        side: Side,
        limit: int,
        most: int,
        on_body: Callable[[int, bytes, bool], Outcome],
        on_trailers: Callable[[int, Fields], Outcome],
    ) -> None:
        self.name = side.name
        _, self._send_headers, self._send_body, self._send_trailers = side
        self.arrival = _NOTHING_ARRIVED
        self.departure = _NOTHING_SENT
        self.limit = limit
        self._most = most
        self.on_body = on_body
        self.on_trailers = on_trailers
        self.fields: Fields | None = None
        self.changed = False
        self.draining = False
        self.mode = _SKIP
        self.batch: Batch | None = None
        self.reads_trailers = False
        self.hold: Hold | None = None
        self.body: bytes | None = None
        self.body_ends = False
        self.taken = False
        self.trailers: Fields | None = None
        self.tail = _ABSENT
        self.paused_since = 0
        self.to_head = False
        self._fields_size = 0  # or more
        self._checked: Checked | None = None
        self._arrived: Fields = []  # the headers, before any edit
        self._owed: int | None = None  # bytes of the body that are announced and have not gone on
        self._waiting: Waiting | None = None  # most streams never have anything that waits

    # What arrives.

    def arrive(self, piece: Piece) -> None:
        """Raises `SequenceError` if it cannot."""
        following = ARRIVALS[self.arrival][piece]
        if type(following) is not Arrival:
            raise SequenceError(why_not(following, piece, self.name))
        self.arrival = following

    def headers(self, checked: Checked) -> None:
        self._checked = checked
        self.fields, _, self._fields_size = checked
        self._arrived = self.fields

    def checked(self, fields: Fields) -> Checked | None:
        """What is known of headers that this direction has let pass; None: the plugin has changed them."""
        checked = self._checked
        return checked if checked is not None and checked.fields is fields else None

    def enqueue(self, data: bytes, ending: Ending) -> bool:
        """Keep a chunk for later. False: it is more than the limit allows."""
        return self._kept().enqueue(data, ending) <= self.limit

    def has_room(self, size: int, most: int) -> bool:
        """Whether so many bytes more can be kept for later, if all that waits is to be `most` bytes."""
        queued = 0 if self._waiting is None else self._waiting.queued
        return queued + size <= min(self.limit, most)

    def dequeue(self) -> tuple[bytes, Ending] | None:
        """The next chunk that was kept; None: there is none, or this direction is held again."""
        return None if self.hold is not None or self._waiting is None else self._waiting.dequeue()

    def collect(self, data: bytes) -> bool:
        """Add to the body that is collected for the plugin. False: it is more than the limit allows."""
        return self._kept().collect(data) <= self.limit

    def collected(self) -> bytes:
        """The body that was collected, which is not kept any longer."""
        return b"" if self._waiting is None else self._waiting.collected()

    def _kept(self) -> Waiting:
        if self._waiting is None:
            self._waiting = Waiting()
        return self._waiting

    # What the plugin does with it.

    def read(self, mode: BodyMode, limit: int | None) -> None:
        """`limit`: bytes that the plugin wants at most."""
        self.mode = mode
        self.batch = Batch() if mode is _OBSERVE else None
        if limit is not None:
            self.limit = min(limit, self._most)

    def edit(self, edits: FieldEdits) -> str:
        """Edit the headers. Returns why that was impossible; empty if it was done."""
        if self.fields is None or self.departure in (_HEADERS_SENT, _ALL_SENT):
            return "they are not there, or have gone on"
        if not are_edits(edits):
            return "that is no list of edits"
        self.fields = apply_edits(self.fields, edits)
        self._fields_size += sum(map(len, edits))
        if _OF_STATUS.isdisjoint(edits[::2]):
            return ""
        self.fields, possible = with_status(self.fields, self._arrived)
        return "" if possible else "a response cannot have this status"

    def edit_trailers(self, edits: FieldEdits) -> str:
        """Edit the trailers. Returns why that was impossible; empty if it was done."""
        if self.trailers is None or self.tail is not _SHOWN:
            return "they are not there, or have gone on"
        if not are_edits(edits):
            return "that is no list of edits"
        self.trailers = apply_edits(self.trailers, edits)
        return ""

    def put(self, body: bytes) -> None:
        """Replace the bytes in hand."""
        self.body = body
        self.changed = True

    def take(self) -> None:
        """The plugin takes what is in hand."""
        self.body = None
        self.changed = self.taken = True

    def finish(self) -> None:
        """The plugin has taken chunks up to the last one, and has nothing more to send."""
        self.body, self.body_ends, self.taken = b"", self.tail is _ABSENT, False

    def fields_refusal(self, limits: Limits) -> str | None:
        """Why there are too many header fields, or too long ones, if there are."""
        fields = self.fields or ()
        if len(fields) <= limits.header_count and self._fields_size <= limits.header_size:
            return None
        # With edits the size was a guess that was quick to make.
        self._fields_size = fields_size(fields)
        return fields_refusal(fields, self._fields_size, limits)

    def trailers_refusal(self, limits: Limits) -> str | None:
        """Why there are too many trailers, or too long ones, if there are."""
        fields = self.trailers or ()
        return fields_refusal(fields, fields_size(fields), limits)

    def release(self) -> None:
        """The plugin has failed: the body that was buffered for it is in hand, and the rest passes unchanged."""
        self.mode, self.batch = _SKIP, None
        if body := self.collected():
            self.body, self.body_ends = body, False

    # What is sent.

    def step(self, step: Piece | Step) -> bool:
        """Change the state of what is sent. False: the table does not allow this step."""
        following = DEPARTURES[self.departure][step]
        if following is None:
            return False
        self.departure = following
        return True

    def drop(self) -> bool:
        """Send nothing more, neither what waits nor what will arrive. Returns whether some of it has been sent."""
        begun = self.departure in (_HEADERS_SENT, _ALL_SENT)
        self._forget()
        return self.step(Step.DROP) and begun

    def cut(self) -> None:
        """End the message after what has been sent."""
        self._forget()
        self.step(Step.CUT)

    def replace(self, fields: Fields, body: bytes) -> None:
        """Put this message in the place of the one that has arrived. The plugin does not see it."""
        self._forget()
        self.arrival = _ALL_ARRIVED if body else _ONLY_HEADERS_ARRIVED
        self.fields = self._arrived = fields
        self.body, self.body_ends = body or None, True
        self.mode = _SKIP

    def _forget(self) -> None:
        self._waiting = None
        self.body = self.trailers = None
        self.tail = _ABSENT
        self.taken = False

    def inform(self, fields: Fields, events: list[Event]) -> None:
        """An informational response goes ahead of this one."""
        if self.step(_INFORMATIONAL):
            events.append(InformationalResponse(fields))

    def lets_pass(self, data: bytes) -> bool:
        """Let a chunk that is not the last go on without a call of the plugin: what `arrive`, the phase and `flush`
        would come to, for one that is not read or is kept to be shown later. False: they have to be asked.
        """
        if self.departure is not _HEADERS_SENT or self.arrival is not _HEADERS_ARRIVED:
            return False
        if self.hold is not None or self.draining or self.changed or self.body is not None:
            return False
        if self.mode is not _SKIP and (self.batch is None or not self.batch.keep(data)):
            return False
        if self._owed is not None:
            self._owed -= len(data)
        return True

    def flush(self, events: list[Event]) -> bool:
        """Send headers and body that are in hand. False: the body is not the one that the headers have announced, and
        was not sent."""
        if self.fields is None or self.departure is _DROPPED:
            return True
        self.hold = None
        if self.departure is _NOTHING_SENT:
            checked = self._checked
            fields, ends, self._owed = announced(
                self.fields,
                checked.values if checked is not None and checked.fields is self.fields else dict(self.fields),
                self._arrived,
                alone=self.arrival is _ONLY_HEADERS_ARRIVED,
                to_head=self.to_head,
                length=len(self.body) if self.body is not None and self._body_is_whole() else None,
            )
            self.step(_ONLY_HEADERS if ends else _HEADERS)
            events.append(self._send_headers(fields, ends))
        if self.body is None:
            return True
        body, self.body = self.body, None
        ends = self.body_ends
        owed = self._owed
        too_short = False
        if owed is not None and self.departure is not _ALL_SENT:
            self._owed = owed = owed - len(body)
            too_short = owed > 0 and self._body_is_whole()
        if ends:
            self.taken = False
        if self.departure is _ALL_SENT:
            return True  # The headers have been the end, whatever body follows.
        # The length of a body that passes unchanged was checked by the HTTP layer that received it.
        if self.changed and owed is not None and (owed < 0 or too_short):
            return False
        if body or ends:
            following = DEPARTURES[self.departure][_LAST_CHUNK if ends else _CHUNK]  # as `step`, for each chunk
            if following is not None:
                self.departure = following
                events.append(self._send_body(body, ends))
        return True

    def flush_trailers(self, events: list[Event]) -> None:
        self.hold = None
        if self.trailers is not None and self.step(_TRAILERS):
            events.append(self._send_trailers(self.trailers))
        self.trailers, self.tail = None, _ABSENT

    def _body_is_whole(self) -> bool:
        """Whether what is in hand is all that is left of the body."""
        return self.body_ends or (self.tail is not _ABSENT and not self.taken)

    @property
    def done(self) -> bool:
        """Nothing more will be sent."""
        return self.departure in (_ALL_SENT, _DROPPED)

    @property
    def ended(self) -> bool:
        """All of it has arrived."""
        return self.arrival in (_ALL_ARRIVED, _ONLY_HEADERS_ARRIVED)

    @property
    def waiting(self) -> bool:
        """It continues only after an action of someone other than its sender, such as the plugin."""
        if self.done:
            return False
        return self.hold is _PAUSE or (self.taken and self.ended)
