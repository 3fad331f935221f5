"""Pages of other origins in browsers: what Envoy's filter for CORS does on each route.

`live/cors.py` does the same in our own host.
"""

from __future__ import annotations

from ..model import Cors, Gateway, Route
from ..page_origins import pattern
from .messages import Json, extension, message

_CORS = "cors"
_VARY = "vary-by-origin"


def pages(gateway: Gateway, *, always: bool) -> list[Json]:
    """The filters, before those of plugins. Without `always`, only if a route needs them."""
    if not always and not any(_policy(gateway, route) for route in gateway.routes):
        return []
    return [
        extension(_VARY, "extensions.filters.http.header_mutation.v3.HeaderMutation"),
        extension(_CORS, "extensions.filters.http.cors.v3.Cors"),
    ]


def pages_of(gateway: Gateway, route: Route) -> Json:
    """What these filters are to do on a route."""
    cors = _policy(gateway, route)
    if cors is None:
        return {}
    credentials: Json = {"allow_credentials": True} if cors.credentials else {}
    vary = {"append": {"header": {"key": "vary", "value": "origin"}, "append_action": "APPEND_IF_EXISTS_OR_ADD"}}
    return {
        _CORS: message(
            "extensions.filters.http.cors.v3.CorsPolicy",
            allow_origin_string_match=[_origin(origin) for origin in cors.origins],
            allow_methods=",".join(cors.methods),
            allow_headers=",".join(cors.headers),
            expose_headers=",".join(cors.expose),
            max_age=str(cors.max_age),
            **credentials,
        ),
        _VARY: message(
            "extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute",
            mutations={"response_mutations": [vary]},
        ),
    }


def _policy(gateway: Gateway, route: Route) -> Cors | None:
    cors = gateway.cors if route.cors is None else route.cors
    return cors if cors is not None and cors.origins else None


def _origin(origin: str) -> Json:
    return {"safe_regex": {"regex": ".*" if origin == "*" else pattern(origin)}}
