"""The end of a message: the length in its headers, and that a body of exactly this length follows.

A gateway that sends a body of another length than it has announced damages other messages of the same connection: the
receiver reads excess bytes as the beginning of the next message, and waits for missing bytes.
"""

from __future__ import annotations

from typing import Final

from proxywasm.framing import LENGTH, has_no_body
from proxywasm.headers import FRAMING
from proxywasm.wire import Fields

_SWITCHING: Final = "101"
"""After this status, the connection continues with another protocol."""
_MOST_DIGITS: Final = 18
STATUS: Final = ":status"


def declared(fields: Fields) -> int | None:
    """The length that the headers announce; None: they announce none, or an unreliable one."""
    if LENGTH not in dict(fields):  # as mostly, and quickly found out
        return None
    values = {value for name, value in fields if name == LENGTH}
    if len(values) != 1:
        return None
    (value,) = values
    return int(value) if value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS else None


def framed(fields: Fields, length: int | None) -> Fields:
    """Replace the length in the headers, if they have one; None: remove it."""
    if FRAMING.isdisjoint(dict(fields)):
        return fields
    out: Fields = []
    for name, value in fields:
        if name == LENGTH and length is not None:
            out.append((name, str(length)))
            length = None
        elif name not in FRAMING:
            out.append((name, value))
    return out


def announced(
    fields: Fields, values: dict[str, str], arrived: Fields, *, alone: bool, to_head: bool, length: int | None
) -> tuple[Fields, bool, int | None]:
    """Headers as they are sent: with a length that is true, or with none.

    Args:
        fields: the headers, with the plugin's edits.
        values: the same by name.
        arrived: the headers as they arrived.
        alone: the message has arrived without a body.
        to_head: it is the response to a request with HEAD.
        length: bytes of the body, if the whole body is known.

    Returns:
        The headers; whether they are the whole message; and the bytes of the body that they announce, if they do.
    """
    status = values.get(STATUS, "")
    if status == _SWITCHING:
        return fields, alone, None
    # Whether a body may arrive with such a status is checked by the HTTP layer that receives it.
    if to_head or (has_no_body(status) and (alone or status != status_of(arrived))):
        return framed(fields, declared(arrived) if may_tell_length(status) else None), True, None
    if FRAMING.isdisjoint(values):
        return fields, alone, None
    if alone:
        length = 0
    elif length is None:
        length = declared(arrived)
    fields = framed(fields, length)
    return fields, alone, declared(fields)


def status_of(fields: Fields) -> str:
    return next((value for name, value in fields if name == STATUS), "")


def may_tell_length(status: str) -> bool:
    """Whether the headers may announce a length although there is no body: after HEAD and with 304, that of a GET."""
    return status == "304" or not has_no_body(status)


def with_status(fields: Fields, arrived: Fields) -> tuple[Fields, bool]:
    """The fields, and whether their status can be sent. If not, they get the status that arrived."""
    status = status_of(fields)
    if status == status_of(arrived) or (
        len(status) == 3 and status.isascii() and status.isdigit() and "2" <= status < "6"
    ):
        return fields, True
    rest = [pair for pair in fields if pair[0] != STATUS]
    return [pair for pair in arrived if pair[0] == STATUS] + rest, False
