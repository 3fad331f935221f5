"""A second stage, for plugins that send requests again.

A filter of Envoy has one upstream request. So the routes of the listener that clients reach lead to a listener inside
the process, which has the routes to the upstreams, and the plugins from the one on that sends requests again:

    client -> [ all filters; plugins up to that one ] -> [ the same VM of that plugin; plugins after it ] -> upstream

The plugin answers an attempt that has failed with the header `AGAIN`. The retry policy of the first stage then sends
the client's request once more, in whose place the plugin puts the next one (`proxywasm.abi.stages`). Everything that is
seen once for a stream stays in the first stage: access log, traces, limits of time, and plugins before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..model import Gateway, PluginEntry, Route
from .messages import MANY_REQUESTS, Json, extension, message, protocol, seconds, set_filter_state, static_cluster

SECOND_STAGE: Final = "proxywasm.second_stage"
"""The listener, and the cluster that leads to it."""
UPSTREAM: Final = "upstream"
"""Where the first stage keeps the name of the upstream that has answered, in the metadata `proxywasm`."""
CONFIGURATION: Final = '{"_second_stage_": true}'
"""That of the plugin's filter in the second stage; see `proxywasm.abi.stages`."""
LIMIT: Final = "_sends_again_"
"""The key of the plugin's configuration with the size of the largest body that can be sent again."""
_EXCHANGE: Final = "x-proxywasm-exchange"
_AGAIN: Final = "x-proxywasm-again"
_ROUTE: Final = "x-proxywasm-route"
_HOST: Final = "x-proxywasm-host"
_UPSTREAM: Final = "x-proxywasm-upstream"
_IDENTIFY: Final = "exchange"
_MUTATION: Final = "extensions.filters.http.header_mutation.v3"
_RETRIES: Final = 15
"""A stream has 16 requests at most, as in `serve`."""
_FOR_ROUTERS: Final = (
    "x-envoy-hedge-on-per-try-timeout", "x-envoy-max-retries", "x-envoy-retriable-header-names",
    "x-envoy-retriable-status-codes", "x-envoy-retry-grpc-on", "x-envoy-retry-on",
)  # fmt: skip
"""Headers by which clients in private networks can ask Envoy for retries, which would repeat requests of plugins."""
_BROKEN: Final = "response.code_details.startsWith('upstream_reset_after_response_started')"


def sender(gateway: Gateway) -> int | None:
    """Which plugin of the chain sends requests again; None: none does, so one stage is enough."""
    for place, plugin in enumerate(gateway.plugins):
        if _sends_again(plugin):
            return place
    return None


def _sends_again(plugin: PluginEntry) -> bool:
    if plugin.sends_again is not None:
        return plugin.sends_again
    rules = plugin.config.get("_rules_")
    documents = [plugin.config, *(rules if isinstance(rules, list) else ())]
    return any(_has_fallback(document) for document in documents)


def _has_fallback(document: Any) -> bool:
    routing = document.get("routing") if isinstance(document, Mapping) else None
    return isinstance(routing, Mapping) and bool(routing.get("fallback"))


def cluster(gateway: Gateway) -> Json:
    """What leads from the first stage to the second."""
    where = {"envoy_internal_address": {"server_listener_name": SECOND_STAGE}}
    version = {"explicit_http_config": {"http_protocol_options": {"enable_trailers": True}}}
    many = dict.fromkeys(("max_connections", "max_pending_requests", "max_requests", "max_retries"), MANY_REQUESTS)
    found = static_cluster(SECOND_STAGE, where, version)
    found["typed_extension_protocol_options"] = protocol(
        version,
        common_http_protocol_options={
            "idle_timeout": "60s",
            "max_headers_count": 1000,
            "max_response_headers_kb": 8192,
        },
    )
    return {
        **found,
        "connect_timeout": seconds(gateway.limits.connect),
        "per_connection_buffer_limit_bytes": gateway.limits.body,
        "circuit_breakers": {"thresholds": [many]},
    }


def at_the_edge() -> list[Json]:
    """What the first stage does to each request before its route is chosen: headers that are for the second stage do
    not come from clients."""
    removed = [{"remove": name} for name in (_EXCHANGE, _AGAIN, _ROUTE, _HOST, _UPSTREAM, *_FOR_ROUTERS)]
    kind = "extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
    return [extension("not-from-clients", kind, mutations=removed)]


def identify() -> list[Json]:
    """The filter that gives each request that goes to the second stage its `EXCHANGE`, before plugins see it. On
    routes without `identified` it does nothing."""
    return [extension(_IDENTIFY, f"{_MUTATION}.HeaderMutation")]


def identified() -> Json:
    """What the filter of `identify` does to the requests of a route."""
    header = {"header": {"key": _EXCHANGE, "value": "%UNIQUE_ID%"}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    mutations = {"request_mutations": [{"append": header}]}
    return {_IDENTIFY: message(f"{_MUTATION}.HeaderMutationPerRoute", mutations=mutations)}


def to_second_stage(gateway: Gateway, route: Route) -> Json:
    """The fields of a route of the first stage that say where requests go. A response that asks for another request
    when there cannot be one (the body is too large to be kept, or there have been too many) goes to the client without
    saying so."""
    again = {
        "retry_on": "retriable-headers",
        "num_retries": _RETRIES,
        "retriable_headers": [{"name": _AGAIN, "present_match": True}],
        "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.001s"},
    }
    noted = {_ROUTE: route.name.replace("%", "%%"), _HOST: "%DYNAMIC_METADATA(proxywasm:authority)%"}
    return {
        "route": {"timeout": "0s", "cluster": SECOND_STAGE, "retry_policy": again},
        "request_headers_to_add": [
            {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
            for name, value in noted.items()
        ],
        "response_headers_to_remove": [_AGAIN],
        "request_body_buffer_limit": gateway.limits.body,
    }


def match(route: Route) -> Json:
    """The match of a request whose route the first stage has chosen."""
    return {"prefix": "/", "headers": [{"name": _ROUTE, "string_match": {"exact": route.name}}]}


def of_second_stage(route: Json) -> Json:
    """The same route in the second stage."""
    return {
        **route,
        **tell_upstream(),
        "request_headers_to_remove": [*route["request_headers_to_remove"], _EXCHANGE, "x-envoy-attempt-count"],
    }


def refuse_repetition() -> Json:
    """The route of a request that has been sent once more, unless the plugin puts another one in its place: it would be
    a second one to the same service with the same key. So it is if the plugin was replaced meanwhile."""
    repeated = {"name": "x-envoy-attempt-count", "string_match": {"exact": "1"}, "invert_match": True}
    return {
        "name": "repeated",
        "match": {"prefix": "/", "headers": [repeated]},
        "direct_response": {"status": 503, "body": {"inline_string": "the gateway has a new configuration\n"}},
    }


def tell_upstream() -> Json:
    """The fields of a route to upstreams that say which of them has answered, and that no answer says `AGAIN`."""
    upstream = {"header": {"key": _UPSTREAM, "value": "%UPSTREAM_CLUSTER%"}}
    return {
        "response_headers_to_remove": [_AGAIN, _UPSTREAM],
        "response_headers_to_add": [{**upstream, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}],
    }


def pinned(route_key: str, metadata: str) -> list[Json]:
    """The filters that store what the first stage has said, as those of the first stage store what the client said."""
    host = {"header": _HOST, "on_header_present": {"metadata_namespace": metadata, "key": "authority"}, "remove": True}
    return [
        set_filter_state("pin-route", route_key, f"%REQ({_ROUTE})%"),
        extension("note-host", "extensions.filters.http.header_to_metadata.v3.Config", request_rules=[host]),
        extension("unpin-route", f"{_MUTATION}.HeaderMutation", mutations={"request_mutations": [{"remove": _ROUTE}]}),
    ]


def note_upstream(metadata: str) -> Json:
    """The rule of the first stage that stores which upstream has answered, for its access log."""
    return {
        "header": _UPSTREAM,
        "on_header_present": {"metadata_namespace": metadata, "key": UPSTREAM},
        "remove": True,
    }


def explain_break() -> Json:
    """A response that has broken off, of which no plugin has let anything go on, is like one that the plugin wants to
    replace: it is asked what follows when the next request arrives."""
    expression = extension("broken", "extensions.access_loggers.filters.cel.v3.ExpressionFilter", expression=_BROKEN)
    header = {"header": {"key": _AGAIN, "value": "1"}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    return {"filter": {"extension_filter": expression}, "headers_to_add": [header]}


def bootstrap_extension() -> Json:
    kind = "extensions.bootstrap.internal_listener.v3.InternalListener"
    return {"name": "envoy.bootstrap.internal_listener", "typed_config": message(kind)}
