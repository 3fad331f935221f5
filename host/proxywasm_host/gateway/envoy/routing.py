"""Routes. What the client sent decides a request's route; what the plugins made of it decides where it goes.

Envoy chooses a route again whenever a plugin has changed the headers. A plugin that rewrites `/v1/chat/completions` to
an upstream's path would lose its route and the route's name. So filters store the first choice in the stream's filter
state before the plugins see the request, and the first routes in Envoy's list match that stored choice.
"""

from __future__ import annotations

import re

from ..model import Gateway, Match, Route
from . import stages
from .browsers import pages_of
from .clusters import DYNAMIC
from .messages import Json, extension, message, seconds, set_filter_state

_NOTE = "proxywasm.route"
_METADATA = "proxywasm"
_OTHER_HOST = "a_plugin_chose_the_upstream"
_NAMED = "the_file_names_the_upstream"
_REFUSED = (
    "no upstream: no plugin has said where this request goes, and its own Host header does not count. "
    "Check the plugin's configuration, or give the route an `upstream`\n"
)


def routes(gateway: Gateway, *, staged: bool = False, two_stages: bool = False) -> list[Json]:
    """Those of the listener that clients reach. `staged`: they lead to the second stage. `two_stages`: there is one."""
    route_to = _staged_route if staged else _telling_route if two_stages else _route
    again = [route_to(gateway, route, _again(route)) for route in gateway.routes]
    first = [route_to(gateway, route, _match(route.match)) for route in gateway.routes]
    return again + first


def second_routes(gateway: Gateway) -> list[Json]:
    """Those of the second stage. The first one has chosen the route."""
    again = [_route(gateway, route, _again(route)) for route in gateway.routes]
    first = [_route(gateway, route, stages.match(route)) for route in gateway.routes]
    return [stages.refuse_repetition(), *(stages.of_second_stage(route) for route in again + first)]


def _again(route: Route) -> Json:
    """The match for a request whose route has been chosen."""
    return {"prefix": "/", "filter_state": [_noted(route.name)]}


def pin_route(*, two_stages: bool) -> list[Json]:
    """The filters that store the client's choice: the route and the authority; with two stages also what identifies
    the request in the second one."""
    authority = {
        "header": ":authority",
        "on_header_present": {"metadata_namespace": _METADATA, "key": "authority"},
    }
    return [
        set_filter_state("pin-route", _NOTE, "%ROUTE_NAME%"),
        extension(
            "note-host",
            "extensions.filters.http.header_to_metadata.v3.Config",
            request_rules=[authority],
            **({"response_rules": [stages.note_upstream(_METADATA)]} if two_stages else {}),
        ),
        *(stages.identify() if two_stages else ()),
    ]


def pin_second_route() -> list[Json]:
    """The filters of the second stage that store what the first stage says of the client's choice."""
    return stages.pinned(_NOTE, _METADATA)


def refuse_own_hosts() -> Json:
    """The filter after the plugins, with the rules of `_only_hosts_of_plugins` for each route."""
    return extension("own-hosts", "extensions.filters.http.rbac.v3.RBAC")


def explain_refusal() -> Json:
    """What a client gets that is refused by that filter, which itself says 403 and "RBAC: access denied"."""
    condition = "response.code_details == 'rbac_access_denied_matched_policy[none]'"
    return {
        "mappers": [
            {
                "filter": {
                    "extension_filter": extension(
                        "refused",
                        "extensions.access_loggers.filters.cel.v3.ExpressionFilter",
                        expression=condition,
                    )
                },
                "status_code": 421,
                "body": {"inline_string": _REFUSED},
            }
        ]
    }


def _route(gateway: Gateway, route: Route, match: Json) -> Json:
    action: Json = {"timeout": "0s"}  # of the whole stream
    own = pages_of(gateway, route)
    if gateway.limits.first_byte is not None:
        # It ends with the headers of the response, in spite of its name.
        action["retry_policy"] = {"per_try_timeout": seconds(gateway.limits.first_byte)}
    if route.upstream is not None:
        action["cluster"] = route.upstream
    else:
        action["inline_cluster_specifier_plugin"] = {"extension": _by_authority(gateway)}
        own["own-hosts"] = _only_hosts_of_plugins(gateway)
    return {
        "name": route.name,
        "match": match,
        "route": action,
        "request_headers_to_remove": ["x-envoy-external-address", "x-forwarded-proto"],
        **({"typed_per_filter_config": own} if own else {}),
    }


def _telling_route(gateway: Gateway, route: Route, match: Json) -> Json:
    return _route(gateway, route, match) | stages.tell_upstream()


def _staged_route(gateway: Gateway, route: Route, match: Json) -> Json:
    return {
        "name": route.name,
        "match": match,
        **stages.to_second_stage(gateway, route),
        "typed_per_filter_config": pages_of(gateway, route) | stages.identified(),
    }


def _noted(name: str) -> Json:
    return {"key": _NOTE, "string_match": {"exact": name}}


def _match(match: Match) -> Json:
    found: Json = {"path": match.path} if match.path is not None else {"prefix": match.path_prefix}
    if match.host is not None:
        subdomains = match.host.startswith("*.")
        name = re.escape(match.host.removeprefix("*."))
        pattern = rf"(?i){'([^:]+[.])' if subdomains else ''}{name}(:[0-9]+)?"
        found["headers"] = [{"name": ":authority", "string_match": {"safe_regex": {"regex": pattern}}}]
    return found


def _by_authority(gateway: Gateway) -> Json:
    """Upstreams that the file names, by their names; any other authority is a host to be looked up."""
    named = {name: _cluster(name) for name in gateway.upstreams}
    tree: Json = {
        "input": extension("authority", "type.matcher.v3.HttpRequestHeaderMatchInput", header_name=":authority"),
        "exact_match_map": {"map": named},
    }
    # Envoy refuses a map without entries.
    matcher: Json = {"matcher_tree": tree} if named else {}
    return extension(
        "by-authority",
        "extensions.router.cluster_specifiers.matcher.v3.MatcherClusterSpecifier",
        cluster_matcher={**matcher, "on_no_match": _cluster(DYNAMIC)},
    )


def _cluster(name: str) -> Json:
    kind = "extensions.router.cluster_specifiers.matcher.v3.ClusterAction"
    return {"action": extension("cluster", kind, cluster=name)}


def _only_hosts_of_plugins(gateway: Gateway) -> Json:
    """No request goes to a host that only the client has named: that would make the gateway an open proxy.

    Allowed are the upstreams of the file, and an authority other than the client's. A request without a stored
    authority is refused: Envoy stores none of more than 8 KiB, and a condition about a missing value is false.
    """
    host = {"select_expr": {"operand": {"ident_expr": {"name": "request"}}, "field": "host"}}
    metadata = {"select_expr": {"operand": {"ident_expr": {"name": "metadata"}}, "field": "filter_metadata"}}
    noted = _call("_[_]", _call("_[_]", metadata, _text(_METADATA)), _text("authority"))
    policies: Json = {
        _OTHER_HOST: {
            "permissions": [{"any": True}],
            "principals": [{"any": True}],
            # request.host != metadata.filter_metadata["proxywasm"]["authority"] && request.host != ""
            "condition": _call("_&&_", _call("_!=_", host, noted), _call("_!=_", host, _text(""))),
        }
    }
    if gateway.upstreams:
        named = [{"header": {"name": ":authority", "string_match": {"exact": name}}} for name in gateway.upstreams]
        policies[_NAMED] = {"permissions": [{"or_rules": {"rules": named}}], "principals": [{"any": True}]}
    return message(
        "extensions.filters.http.rbac.v3.RBACPerRoute", rbac={"rules": {"action": "ALLOW", "policies": policies}}
    )


def _call(function: str, *arguments: Json) -> Json:
    return {"call_expr": {"function": function, "args": list(arguments)}}


def _text(value: str) -> Json:
    return {"const_expr": {"string_value": value}}
