"""Pages of other origins in browsers: preflights are answered here, responses get the headers that browsers ask for.

The same happens in Envoy, by its filter for CORS; `tests/host/gateway/test_cors.py` compares them.
"""

from __future__ import annotations

import re
from typing import Final

from proxywasm.wire import Fields

from ..model import Cors
from ..page_origins import pattern

_VARY: Final = ("vary", "origin")


class CorsPolicy:
    """Of one route."""

    def __init__(self, cors: Cors) -> None:
        self._all = "*" in cors.origins
        self._patterns = [re.compile(pattern(origin)) for origin in cors.origins if origin != "*"]
        self._common: Fields = [("access-control-allow-credentials", "true")] if cors.credentials else []
        self._preflight: Fields = [
            (f"access-control-{name}", ",".join(values))
            for name, values in (("allow-methods", cors.methods), ("allow-headers", cors.headers))
            if values
        ]
        self._preflight.append(("access-control-max-age", str(cors.max_age)))
        self._exposed: Fields = [("access-control-expose-headers", ",".join(cors.expose))] if cors.expose else []

    def allows(self, origin: str) -> bool:
        return self._all or any(each.fullmatch(origin) for each in self._patterns)

    def preflight(self, origin: str) -> Fields:
        """The response to a preflight."""
        return self.response([(":status", "200"), *self._preflight], origin)

    def response(self, fields: Fields, origin: str) -> Fields:
        """A response with what the browser has to know. `origin` is the request's, or empty.

        What an upstream or a plugin says about origins does not count if the gateway allows the origin.
        """
        if not origin or not self.allows(origin):
            return [*fields, _VARY]
        added = [("access-control-allow-origin", origin), *self._common, *self._exposed]
        names = {name for name, _ in added}
        return [*(pair for pair in fields if pair[0] not in names), *added, _VARY]


def is_preflight(values: dict[str, str]) -> bool:
    """`values`: the headers of a request."""
    return bool(values[":method"] == "OPTIONS" and values.get("origin") and values.get("access-control-request-method"))
