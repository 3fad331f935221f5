"""The states of a stream as data: what may arrive, what may be sent, and whether the plugin is called.

A stream has two directions, the request and the response. A message in either direction is a sequence of pieces:
header fields, then any number of chunks of a body, then perhaps trailers. The last piece is header fields without a
body, the last chunk, or the trailers. Ahead of the response headers there may be informational responses.

Because a plugin may hold back and change what passes, each direction is in two states at once:

* `Arrival`: how much of the message its sender has sent. `ARRIVALS` says for each state and piece what the next state
  is, or why no HTTP message continues like this. A caller who feeds such a piece gets a `SequenceError`, and nothing
  has changed.
* `Departure`: how much of it has gone on to the other side. `DEPARTURES` says for each state and step what the next
  state is, or that the step does nothing. So no stream sends a body before its headers, or anything after an end.

Between the two lies what waits for the plugin: a body that is being collected, chunks that have come while a direction
is paused (`wire.Hold`), and trailers (`Tail`), which never overtake their body.

The plugin itself has one state for each stream (`Part`): whether it has been called, and whether it still is.
`PARTS` says what each thing that happens makes of it.

The tables are complete: each has an entry for every state and everything that can happen. `Half` looks into the first
two, `Stream` into the third; no other module decides what follows what.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class SequenceError(RuntimeError):
    """The caller fed events in an order that no HTTP stream has. The stream is unchanged."""


class Piece(StrEnum):
    """A part of a message."""

    INFORMATIONAL = "an informational response"
    HEADERS = "headers"
    ONLY_HEADERS = "headers that are the whole message"
    CHUNK = "a chunk"
    LAST_CHUNK = "the last chunk"
    TRAILERS = "trailers"


class Arrival(StrEnum):
    """How much of a message has arrived."""

    NOTHING = "nothing"
    HEADERS = "the headers, and what has come of the body"
    ONLY_HEADERS = "the whole message, which has no body"
    ENDED = "the whole message"
    CLOSED = "nothing more can: the stream is over"


_EARLY: Final = "the {piece} of a {name} came before the {name} headers"
_AGAIN: Final = "the {name} headers of this stream have been given already"
_LATE: Final = "the {piece} of a {name} came after its end"
_CLOSED: Final = "the {name} goes on after the end of the stream"
_NOT_AHEAD: Final = "an informational response came after the {name} headers"

ARRIVALS: Final[dict[Arrival, dict[Piece, Arrival | str]]] = {
    Arrival.NOTHING: {
        Piece.INFORMATIONAL: Arrival.NOTHING,
        Piece.HEADERS: Arrival.HEADERS,
        Piece.ONLY_HEADERS: Arrival.ONLY_HEADERS,
        Piece.CHUNK: _EARLY,
        Piece.LAST_CHUNK: _EARLY,
        Piece.TRAILERS: _EARLY,
    },
    Arrival.HEADERS: {
        Piece.INFORMATIONAL: _NOT_AHEAD,
        Piece.HEADERS: _AGAIN,
        Piece.ONLY_HEADERS: _AGAIN,
        Piece.CHUNK: Arrival.HEADERS,
        Piece.LAST_CHUNK: Arrival.ENDED,
        Piece.TRAILERS: Arrival.ENDED,
    },
    Arrival.ONLY_HEADERS: {
        Piece.INFORMATIONAL: _NOT_AHEAD,
        Piece.HEADERS: _AGAIN,
        Piece.ONLY_HEADERS: _AGAIN,
        Piece.CHUNK: _LATE,
        Piece.LAST_CHUNK: _LATE,
        Piece.TRAILERS: _LATE,
    },
    Arrival.ENDED: {
        Piece.INFORMATIONAL: _NOT_AHEAD,
        Piece.HEADERS: _AGAIN,
        Piece.ONLY_HEADERS: _AGAIN,
        Piece.CHUNK: _LATE,
        Piece.LAST_CHUNK: _LATE,
        Piece.TRAILERS: _LATE,
    },
    Arrival.CLOSED: dict.fromkeys(Piece, _CLOSED),
}
"""The next state for each state and piece; a text says why the piece cannot arrive."""


def why_not(reason: str, piece: Piece, name: str) -> str:
    """The error message for a text of the table, a piece, and the name of the message."""
    return reason.format(name=name, piece="trailers" if piece is Piece.TRAILERS else "body")


class Departure(StrEnum):
    """How much of a message has gone on."""

    NOTHING = "nothing"
    HEADERS = "the headers, and some of the body"
    ENDED = "all that will"
    DROPPED = "some of it or nothing, and no more will: the client is answered without it"


class Step(StrEnum):
    """Other events of a message that is being sent."""

    DROP = "the client is answered without it"
    CUT = "what has gone on cannot be finished"


_NOTHING_MORE: Final[dict[Piece | Step, Departure | None]] = {**dict.fromkeys(Piece), **dict.fromkeys(Step)}

DEPARTURES: Final[dict[Departure, dict[Piece | Step, Departure | None]]] = {
    Departure.NOTHING: {
        **_NOTHING_MORE,
        Piece.INFORMATIONAL: Departure.NOTHING,
        Piece.HEADERS: Departure.HEADERS,
        Piece.ONLY_HEADERS: Departure.ENDED,
        Step.DROP: Departure.DROPPED,
    },
    Departure.HEADERS: {
        **_NOTHING_MORE,
        Piece.CHUNK: Departure.HEADERS,
        Piece.LAST_CHUNK: Departure.ENDED,
        Piece.TRAILERS: Departure.ENDED,
        Step.DROP: Departure.DROPPED,
        Step.CUT: Departure.ENDED,
    },
    Departure.ENDED: {**_NOTHING_MORE, Step.DROP: Departure.DROPPED},
    Departure.DROPPED: _NOTHING_MORE,
}
"""The next state for each state and step; None: the step has no effect."""


class Ending(StrEnum):
    """What follows a chunk."""

    MORE = "more of the body"
    LAST = "nothing"
    TRAILERS = "trailers"


class Tail(StrEnum):
    """What trailers wait for."""

    ABSENT = "nothing: there are none, or what came before them waits itself"
    DUE = "the end of the body, which is in the plugin's hands or about to go on"
    SHOWN = "the plugin, which has been given them"


class Part(StrEnum):
    """Whether the plugin is called for a stream."""

    NEVER = "it has not been called for it"
    ASKED = "it is called in each phase"
    FAILED = "it has failed in it, and is called only at the end"
    RESTING = "it has left it, and is called only at the end"
    OUT = "it is not called for it: it never was, or it has left it"
    OVER = "the stream is over"


class Happening(StrEnum):
    """Events that change the plugin's part."""

    CALL = "a phase calls the plugin"
    FAIL = "the plugin fails, or its instance is lost"
    REST = "the plugin leaves, up to the end of the stream"
    LEAVE = "the plugin leaves"
    CLOSE = "the stream ends"


def _parts(**following: Part) -> dict[Happening, Part]:
    return {happening: following[happening.name.lower()] for happening in Happening}


PARTS: Final[dict[Part, dict[Happening, Part]]] = {
    Part.NEVER: _parts(call=Part.ASKED, fail=Part.OUT, rest=Part.OUT, leave=Part.OUT, close=Part.OVER),
    Part.ASKED: _parts(call=Part.ASKED, fail=Part.FAILED, rest=Part.RESTING, leave=Part.OUT, close=Part.OVER),
    Part.FAILED: _parts(call=Part.FAILED, fail=Part.FAILED, rest=Part.FAILED, leave=Part.FAILED, close=Part.OVER),
    Part.RESTING: _parts(call=Part.RESTING, fail=Part.FAILED, rest=Part.RESTING, leave=Part.OUT, close=Part.OVER),
    Part.OUT: _parts(call=Part.OUT, fail=Part.OUT, rest=Part.OUT, leave=Part.OUT, close=Part.OVER),
    Part.OVER: _parts(call=Part.OVER, fail=Part.OVER, rest=Part.OVER, leave=Part.OVER, close=Part.OVER),
}
