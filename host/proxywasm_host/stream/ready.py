"""The streams that have something to send, so that a server need not ask a thousand streams after each call."""

from __future__ import annotations

from typing import TypeVar

S = TypeVar("S")


class Ready(dict[S, None]):
    """Open streams that have events to be taken, in the order in which they came to have them. Runners may share one.

    A stream is in it once, from its first event until `take`, or until it is closed: whoever closes a stream takes its
    last events. So it never holds more streams than are open.
    """

    def streams(self) -> list[S]:
        return [*self]
