"""Messages of Envoy's configuration in their JSON form, for gateways, the test kit, benchmarks and tests."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]

MANY_REQUESTS: Final = 65_536
"""Envoy's own limit is 1,024 requests and connections for each upstream; a stream of a model takes minutes."""


def message(kind: str, /, **fields: Any) -> Json:
    """A message with its type: `kind`, without the common prefix."""
    return {"@type": f"type.googleapis.com/envoy.{kind}", **fields}


def extension(name: str, kind: str, /, **fields: Any) -> Json:
    """An extension of Envoy under a name."""
    return {"name": name, "typed_config": message(kind, **fields)}


def address(host: str, port: int) -> Json:
    return {"socket_address": {"address": host, "port_value": port}}


def pipe(path: Path) -> Json:
    """The address of a Unix socket."""
    return {"pipe": {"path": str(path)}}


def seconds(value: float) -> str:
    """A duration.

    >>> seconds(3600), seconds(0.5)
    ('3600.000s', '0.500s')
    """
    return f"{value:.3f}s"


def text_format(text: str, **options: bool) -> Json:
    """A text with Envoy's command operators in it, such as `%ROUTE_NAME%`."""
    return {"text_format_source": {"inline_string": text}, **options}


# Listeners.


def http_listener(
    name: str,
    where: Json,
    routes: Collection[Json],
    filters: Collection[Json],
    *,
    buffer: int | None = None,
    tls: Json | None = None,
    host: Json | None = None,
    **more: Any,
) -> Json:
    """A listener for HTTP. `more` are further fields of its connection manager.

    The filters come before the router. They can read whole bodies of up to `buffer` bytes (None: Envoy's default).
    `tls` is what the filter chain says of the transport for HTTPS, `host` are further fields of the virtual host.
    """
    hosts = [{"name": "all", "domains": ["*"], "routes": list(routes), **(host or {})}]
    # Headers such as x-envoy-expected-rq-timeout-ms are for Envoy alone, not for the upstream.
    router = extension("router", "extensions.filters.http.router.v3.Router", suppress_envoy_headers=True)
    fields = {
        "stat_prefix": name,
        "route_config": {"name": "routes", "virtual_hosts": hosts},
        "http_filters": [*filters, router],
    }
    kind = "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    manager = extension("http", kind, **fields, **more)
    limit: Json = {} if buffer is None else {"per_connection_buffer_limit_bytes": buffer}
    transport: Json = tls or {}
    return {"name": name, "address": where, **limit, "filter_chains": [{"filters": [manager], **transport}]}


def set_filter_state(label: str, key: str, text: str) -> Json:
    """The filter that stores a text about the request in the state of its stream, before later filters change it."""
    value = text_format(text, omit_empty_values=True)
    entry = {"object_key": key, "factory_key": "envoy.string", "format_string": value}
    return extension(label, "extensions.filters.http.set_filter_state.v3.Config", on_request_headers=[entry])


def remove_request_header(name: str) -> Json:
    """The filter that hides a header from the filters after it."""
    kind = "extensions.filters.http.header_mutation.v3.HeaderMutation"
    return extension(f"remove-{name}", kind, mutations={"request_mutations": [{"remove": name}]})


# Clusters.


def http1(**options: Any) -> Json:
    """HTTP/1.1 as the protocol of a cluster."""
    return {"explicit_http_config": {"http_protocol_options": options}}


def protocol(version: Json, **options: Json) -> Json:
    """Extension options of a cluster."""
    kind = "extensions.upstreams.http.v3.HttpProtocolOptions"
    return {f"envoy.{kind}": message(kind, **version, **options)}


def load_assignment(cluster: str, where: Json) -> Json:
    """All requests go to one address."""
    return {"cluster_name": cluster, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": where}}]}]}


def static_cluster(name: str, where: Json, version: Json, **options: Json) -> Json:
    """A cluster of one address that needs no lookup."""
    return {
        "name": name,
        "type": "STATIC",
        "load_assignment": load_assignment(name, where),
        "typed_extension_protocol_options": protocol(version, **options),
    }


# Files with resources that Envoy reads apart from its configuration.


def resources(kind: str, items: Collection[Json]) -> Json:
    """The content of a file with resources."""
    return {"resources": [message(kind, **item) for item in items]}


def from_file(file: Path) -> Json:
    """A file in which Envoy finds resources. Envoy reads it again when another file is moved to its path."""
    return {"path_config_source": {"path": str(file)}}
