"""Upstreams: a cluster for each that the file names, and one for every other host, by HTTPS."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

from ..model import Gateway, Upstream
from .errors import EnvoyError
from .messages import MANY_REQUESTS, Json, address, extension, http1, load_assignment, protocol, seconds

DYNAMIC: Final = "proxywasm.dynamic"
"""The cluster for hosts that the file does not name."""
COLLECTOR: Final = "proxywasm.tracing"
"""The cluster to which spans go."""
_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
)


def is_dynamic(gateway: Gateway) -> bool:
    return any(route.upstream is None for route in gateway.routes)


def find_ca_file(gateway: Gateway) -> Path | None:
    """The certificates to check upstreams with; None if none is needed. Raises `EnvoyError`."""
    secure = [item for item in gateway.upstreams.values() if item.url.scheme == "https"]
    traces = gateway.tracing is not None and gateway.tracing.url.origin.scheme == "https"
    if not is_dynamic(gateway) and not traces and all(item.ca_file is not None for item in secure):
        return None
    if gateway.ca_file is not None:
        return gateway.ca_file
    own = ssl.get_default_verify_paths().cafile
    for candidate in (own, *_BUNDLES):
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    raise EnvoyError(
        "no certificates to check upstreams with are on this machine: install the package `ca-certificates`, "
        "or name a file with them as `ca_file`"
    )


def clusters(gateway: Gateway, ca_file: Path | None) -> list[Json]:
    found = [_named(gateway, name, upstream, ca_file) for name, upstream in gateway.upstreams.items()]
    if is_dynamic(gateway):
        found.append(
            {
                **_common(gateway, DYNAMIC),
                "lb_policy": "CLUSTER_PROVIDED",
                "cluster_type": extension(
                    "dynamic",
                    "extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig",
                    dns_cache_config=_dns_cache(),
                ),
                "transport_socket": _tls(ca_file),
                # The name in the handshake, and the name the certificate must have, are the request's authority.
                "typed_extension_protocol_options": protocol(
                    _http1_or_2(gateway),
                    upstream_http_protocol_options={"auto_sni": True, "auto_san_validation": True},
                ),
            }
        )
    if gateway.tracing is not None:
        upstream = Upstream.model_validate({"url": gateway.tracing.url.server})
        found.append(_named(gateway, COLLECTOR, upstream, ca_file))
    return found


def dynamic_hosts(gateway: Gateway, *, always: bool) -> list[Json]:
    """The filter that looks up the hosts of the cluster `DYNAMIC`. Without `always`, only if a route needs it."""
    if not always and not is_dynamic(gateway):
        return []
    kind = "extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig"
    return [extension("dynamic-hosts", kind, dns_cache_config=_dns_cache())]


def _named(gateway: Gateway, name: str, upstream: Upstream, ca_file: Path | None) -> Json:
    scheme, host, port = upstream.url
    cluster: Json = {
        **_common(gateway, name),
        "load_assignment": load_assignment(name, address(host, port)),
        "typed_extension_protocol_options": protocol(http1(**http1_options(gateway))),
    }
    if upstream.url.is_ip:
        cluster["type"] = "STATIC"
    else:
        # Connect to one address of a name, also if it has many, as the names of large services do.
        cluster |= {"type": "LOGICAL_DNS", "dns_lookup_family": "ALL", **_resolver()}
    if scheme == "https":
        cluster["transport_socket"] = _tls(upstream.ca_file or ca_file, upstream.sni or host)
        cluster["typed_extension_protocol_options"] = protocol(_http1_or_2(gateway))
    return cluster


def http1_options(gateway: Gateway) -> Json:
    """Of HTTP/1.1, with clients and with upstreams."""
    return {"enable_trailers": True} if gateway.trailers else {}


def _http1_or_2(gateway: Gateway) -> Json:
    options = http1_options(gateway)
    return {"auto_config": {"http_protocol_options": options} if options else {}}


def _common(gateway: Gateway, name: str) -> Json:
    many = dict.fromkeys(("max_connections", "max_pending_requests", "max_requests"), MANY_REQUESTS)
    return {
        "name": name,
        "connect_timeout": seconds(gateway.limits.connect),
        "per_connection_buffer_limit_bytes": gateway.limits.body,
        "circuit_breakers": {"thresholds": [many]},
    }


def _tls(ca_file: Path | None, name: str | None = None) -> Json:
    """TLS with this server name, or else with the authority of each request."""
    named: Json = {"sni": name, "auto_sni_san_validation": True} if name else {}
    return extension(
        "tls",
        "extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        common_tls_context={
            "alpn_protocols": ["h2", "http/1.1"],
            "validation_context": {"trusted_ca": {"filename": str(ca_file)}},
        },
        **named,
    )


def _dns_cache() -> Json:
    """The filter and the cluster share a cache, because both describe it in the same words."""
    return {"name": "dynamic", "dns_lookup_family": "ALL", **_resolver()}


def _resolver() -> Json:
    """The resolver of the system, with the settings of its administrator."""
    kind = "extensions.network.dns_resolver.getaddrinfo.v3.GetAddrInfoDnsResolverConfig"
    return {"typed_dns_resolver_config": extension("envoy.network.dns_resolver.getaddrinfo", kind)}
