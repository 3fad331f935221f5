"""Headers of one connection. A message that a plugin makes must not copy them from another message."""

from __future__ import annotations

from typing import Final

from .wire import Fields

CONNECTION_HEADERS: Final = frozenset({
    "connection", "content-length", "expect", "http2-settings", "keep-alive", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip
"""Headers about the length of a message, and about the connection to the next server (RFC 9110, 7.6.1). In a copy they
are wrong: its receiver would wait for bytes that do not come, or read the beginning of the next message as the end of
this one."""


def without_connection_headers(fields: Fields) -> Fields:
    """The fields that may be copied to another message. Names are in lower case.

    >>> without_connection_headers([("connection", "x-hop"), ("x-hop", "1"), ("content-length", "9"), ("x", "2")])
    [('x', '2')]
    """
    if CONNECTION_HEADERS.isdisjoint([name for name, _ in fields]):
        return fields
    named = ",".join([value for name, value in fields if name == "connection"]).lower().split(",")
    dropped = CONNECTION_HEADERS.union([name.strip() for name in named])
    return [field for field in fields if field[0] not in dropped]
