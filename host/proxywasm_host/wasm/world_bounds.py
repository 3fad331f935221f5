"""How large each string and list may be that a plugin sends in the world `http-plugin`."""

from __future__ import annotations

from typing import Final

from .limits import Limits
from .values import Bound, Bounds, Cut, Path

_OUTCOME: Final = ("utf8", "latin1")
"""Cases of `outcome`, and those of `payload`, whose bound depends on the place of the payload."""


def bounds(limits: Limits) -> Bounds:
    """The bound of each place in the world, from these limits.

    A string or list is found by the name of its parameter, field or case; where functions have the same name for
    different things, by that of the function, too. What goes to the plugin has none.
    """
    kept = limits.kept

    def body(most: int) -> Bound:
        return Bound("body", most, raw=True)

    def name(what: str) -> Bound:
        return Bound(what, kept.name)

    fields = Bound("header", limits.header_size, fields=limits.header_count, raw=True)
    answer = body(limits.streams.answer)
    found = {
        # Outcomes and commands.
        "": answer,
        "edit-request-headers": fields,
        "edit-response-headers": fields,
        "edit-request-trailers": fields,
        "edit-response-trailers": fields,
        "commands": Bound("commands", limits.streams.commands),
        "failed": Bound("traceback", limits.log_message, cut=Cut.MIDDLE),
        "fail": Bound("traceback", limits.log_message, cut=Cut.MIDDLE),
        "replace-request-body": answer,
        "replace-response-body": answer,
        "body": answer,
        "headers": fields,
        "details": name("details text"),
        "refused": Bound("error", limits.log_message, cut=Cut.MIDDLE),
        # What functions of the host are given.
        "message": Bound("message", limits.log_message, cut=Cut.END),
        "path": name("property's path"),
        "set-property value": body(kept.properties),
        "key": name("key"),
        "set-shared-data value": body(kept.shared_data),
        "cluster": name("cluster name"),
        "http-call body": body(kept.callout_size),
        "username": name("user name"),
        "password": name("password"),
        "query": body(kept.callout_size),
        "argument": body(kept.foreign_argument),
        "name": name("name"),
    }

    def bound(path: Path) -> Bound | None:
        function, *names = path
        latin1 = names[-1:] == ["latin1"]
        if names and names[-1] in _OUTCOME:
            names.pop()
        place = names[-1] if names else ""
        of_function = f"{function} {place}"
        here = found.get(of_function) or found.get(place)
        # In UTF-8 a byte that is not ASCII takes two.
        return here if here is None or not latin1 else Bound(here.what, 2 * here.most, raw=True)

    return bound
