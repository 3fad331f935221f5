"""Rules for headers that say where a message ends. The gateway sets them, and plugins may not change them.

A message whose headers promise another body than the one that follows damages other messages of the connection: excess
bytes are read as the beginning of the next message, and the receiver waits for missing ones.
"""

from __future__ import annotations

from typing import Final

from .errors import RuleError
from .headers import FRAMING, UPGRADE, Headers

LENGTH: Final = "content-length"
_WITHOUT_BODY: Final = frozenset({"204", "304"})
_RESET_CONTENT: Final = "205"
_SWITCHING: Final = "101"
_ENDING_METHODS: Final = frozenset({"HEAD", "CONNECT"})
"""Methods that say where the response ends."""


def has_no_body(status: str) -> bool:
    """A response of this status ends with its headers (RFC 9110, 6.4.1)."""
    return status in _WITHOUT_BODY or (len(status) == 3 and status.startswith("1"))


def forbids_content(status: str) -> bool:
    """No response of this status may have a body with anything in it. 205 may have one, but an empty one (15.3.6)."""
    return status == _RESET_CONTENT or has_no_body(status)


def guard_request(method: str, name: str, value: str) -> None:
    """`method`: the client's."""
    if name in FRAMING:
        _refuse(name)
    if name == UPGRADE:
        _refuse_upgrade()
    if name == ":method" and value != method and not _ENDING_METHODS.isdisjoint((value, method)):
        raise RuleError(
            f"cannot change the method {method} to {value}: the response to HEAD has no body, a tunnel (CONNECT) has "
            "no end, and others have both"
        )


def guard_response(headers: Headers, name: str, value: str, *, has_body: bool, head: bool) -> None:
    """`head`: the client asked for the headers only."""
    if name in FRAMING:
        _refuse(name)
    if name == UPGRADE:
        _refuse_upgrade()
    if name != ":status":
        return
    if value == _SWITCHING != headers.get(":status"):
        raise RuleError("cannot set the status 101: the connection would be a tunnel for the client alone")
    if has_body:
        if forbids_content(value):
            raise RuleError(
                f"cannot set the status {value} of a response that has a body: ctx.send_http_response({value}) "
                "answers without one"
            )
    elif not head and value != headers.get(":status"):
        # A 304 may have the length of a body that is not sent. With another status the length would be wrong.
        headers.discard(LENGTH)


def _refuse_upgrade() -> None:
    # Envoy then keeps the body back until the service agrees, and may send the next request in its place.
    raise RuleError("cannot set upgrade: only the client can ask for another protocol, and only the service can agree")


def _refuse(name: str) -> None:
    raise RuleError(
        f"cannot set {name}: the gateway does, when it knows the body; replace the body, or delete {name} if a length "
        "is not to be told"
    )
