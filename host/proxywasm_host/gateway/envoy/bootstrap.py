"""Envoy's configuration for a gateway: one listener, the plugins in a chain, and the way to the upstreams."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from proxywasm.text import spell_out

from ...wasm.limits import DEFAULT_LIMITS
from ..metric_labels import envoy_tags
from ..model import Gateway, PluginEntry, Tls
from . import stages
from .browsers import pages
from .clusters import COLLECTOR, clusters, dynamic_hosts, http1_options
from .messages import Json, address, extension, http_listener, seconds
from .routing import explain_refusal, pin_route, pin_second_route, refuse_own_hosts, routes, second_routes
from .taps import access_log, before_plugins, behind_plugins
from .wasm_filter import FAIL_OPEN, Policy, wasm_filter

_COLLECTOR_SECONDS = 10.0
_ACCESS_LOG: Json = {
    "time": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3f+00:00)%",
    "route": "%ROUTE_NAME%",
    "method": "%REQ(:METHOD)%",
    "path": "%PATH(NQ)%",
    "authority": "%REQ(:AUTHORITY)%",
    "upstream": "%UPSTREAM_CLUSTER%",
    "status": "%RESPONSE_CODE%",
    "request_bytes": "%BYTES_RECEIVED%",
    "response_bytes": "%BYTES_SENT%",
    "first_byte_ms": "%COMMON_DURATION(DS_RX_BEG:DS_TX_BEG:ms)%",
    "before_upstream_us": "%COMMON_DURATION(DS_RX_END:US_TX_BEG:us)%",
    "after_upstream_us": "%COMMON_DURATION(US_RX_BEG:DS_TX_BEG:us)%",
    "duration_ms": "%DURATION%",
    "ended": "%RESPONSE_CODE_DETAILS%",
    "trace": "%TRACE_ID%",
    "ai_proxy": "%FILTER_STATE(wasm.ai_proxy_log:PLAIN)%",
    "ai_log": "%FILTER_STATE(wasm.ai_log:PLAIN)%",
    "custom_log": "%FILTER_STATE(wasm.custom_log:PLAIN)%",
}
"""The fields of `live.access`, as far as Envoy knows them. The path is without its query: some services have their key
in it. Envoy cannot add durations, so `gateway_ms` is there in its two parts.

The last three fields are what plugins have written. Envoy keeps it as a text, so it shows the JSON object as a JSON
string; the last two are escaped before that, as Higress wants it."""

_SPAN_TAGS = {
    "url.path": "%PATH(NQ)%",
    "http.route": "%ROUTE_NAME%",
    "ai_proxy": "%FILTER_STATE(wasm.ai_proxy_log:PLAIN)%",
    "ai_log": "%FILTER_STATE(wasm.ai_log:PLAIN)%",
}


def bootstrap(
    gateway: Gateway,
    modules: Mapping[str, Path],
    ca_file: Path | None,
    *,
    changeable: bool = False,
    taps: Path | None = None,
) -> Json:
    """The whole configuration. It contains the plugins' configurations, including their secrets.

    `modules` has a Proxy-Wasm module for each plugin by its name, `ca_file` the certificates to check upstreams with
    (None: there is no upstream by HTTPS). `changeable`: the listener has all filters that other routes may need.
    `taps`: a folder to which all streams are written, as they are before and behind the plugins.
    """
    # What a tap writes of a stream is one request and one response, behind all plugins.
    sender = None if taps else stages.sender(gateway)
    staged = sender is not None or changeable
    listeners = [_listener(gateway, modules, sender, changeable, taps)]
    found = clusters(gateway, ca_file)
    if staged:
        listeners.append(_second_stage(gateway, modules, sender, changeable))
        found.append(stages.cluster(gateway))
    config: Json = {
        "static_resources": {"listeners": listeners, "clusters": found},
        "bootstrap_extensions": [stages.bootstrap_extension()] if staged else [],
        "overload_manager": {
            "resource_monitors": [
                extension(
                    "envoy.resource_monitors.global_downstream_max_connections",
                    "extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                    max_active_downstream_connections=gateway.limits.connections,
                )
            ]
        },
    }
    config["stats_config"] = {"stats_tags": envoy_tags()}
    if gateway.limits.watchdog is not None:
        # For the threads that serve streams. The main thread compiles modules, for which there is no limit.
        config["watchdogs"] = {"worker_watchdog": {"kill_timeout": seconds(gateway.limits.watchdog)}}
    if gateway.admin is not None:
        config["admin"] = {"address": address(*gateway.admin)}
    return config


def _listener(
    gateway: Gateway, modules: Mapping[str, Path], sender: int | None, changeable: bool, taps: Path | None
) -> Json:
    """`sender` is the place of the plugin that sends requests again; None: there is no second stage."""
    limits, two_stages = gateway.limits, sender is not None or changeable
    in_first = gateway.plugins if sender is None else gateway.plugins[: sender + 1]
    total = {} if limits.total is None else {"max_stream_duration": seconds(limits.total)}
    return http_listener(
        "gateway",
        _everywhere(address(*gateway.listen)),
        routes(gateway, staged=sender is not None, two_stages=two_stages),
        [
            *pages(gateway, always=changeable),
            *pin_route(two_stages=two_stages),
            *(before_plugins(taps) if taps else ()),
            *(
                _plugin(plugin, modules[plugin.name], place, sends_again=limits.body if place == sender else 0)
                for place, plugin in enumerate(in_first)
            ),
            *(behind_plugins(taps) if taps else ()),
            refuse_own_hosts(),
            *dynamic_hosts(gateway, always=changeable),
        ],
        buffer=limits.body,
        tls=_tls(gateway.tls, limits.request_head),
        # Routes, plugins and upstreams see the same path: one without dot segments, escaped slashes and empty segments.
        normalize_path=True,
        merge_slashes=True,
        path_with_escaped_slashes_action="UNESCAPE_AND_FORWARD",
        # At the edge: what clients say in headers that are Envoy's own does not count, and upstreams are not told
        # who they are.
        use_remote_address=True,
        skip_xff_append=True,
        # The answers of upstreams keep their own `server`.
        server_header_transformation="PASS_THROUGH",
        stream_idle_timeout=seconds(limits.idle),
        request_headers_timeout=seconds(limits.request_head),
        request_timeout=seconds(limits.request),
        max_request_headers_kb=-(-limits.headers // 1024),
        # Between the announcement and the end of a connection that is idle: by default five seconds.
        drain_timeout="1s",
        common_http_protocol_options={
            "idle_timeout": seconds(limits.keep_alive),
            "max_headers_count": DEFAULT_LIMITS.streams.header_count,
            **total,
        },
        upgrade_configs=[{"upgrade_type": "websocket"}],
        http_protocol_options=http1_options(gateway),
        early_header_mutation_extensions=stages.at_the_edge() if two_stages else [],
        host=None if sender is None else {"include_request_attempt_count": True},
        access_log=[
            *([_access_log(two_stages=two_stages)] if gateway.access_log else ()),
            *([access_log(taps)] if taps else ()),
        ],
        local_reply_config=explain_refusal(),
        **_tracing(gateway),
    )


def _second_stage(gateway: Gateway, modules: Mapping[str, Path], sender: int | None, changeable: bool) -> Json:
    """The listener inside the process. What is said once for each stream of a client is said of the first one."""
    limits = gateway.limits
    after = [] if sender is None else [*enumerate(gateway.plugins)][sender:]
    listener = http_listener(
        stages.SECOND_STAGE,
        {},
        second_routes(gateway),
        [
            *pin_second_route(),
            *(
                _plugin(plugin, modules[plugin.name], place, config=stages.CONFIGURATION if place == sender else None)
                for place, plugin in after
            ),
            refuse_own_hosts(),
            *dynamic_hosts(gateway, always=changeable),
        ],
        buffer=limits.body,
        generate_request_id=False,
        server_header_transformation="PASS_THROUGH",
        stream_idle_timeout="0s",
        max_request_headers_kb=8192,
        common_http_protocol_options={"idle_timeout": "0s", "max_headers_count": 1000},
        upgrade_configs=[{"upgrade_type": "websocket"}],
        http_protocol_options={"enable_trailers": True},
        local_reply_config={"mappers": [*explain_refusal()["mappers"], stages.explain_break()]},
    )
    del listener["address"]
    return {**listener, "internal_listener": {}, "ignore_global_conn_limit": True}


def _everywhere(where: Json) -> Json:
    """`[::]` stands for the addresses of both kinds."""
    if where["socket_address"]["address"] == "::":
        where["socket_address"]["ipv4_compat"] = True
    return where


def _tls(tls: Tls | None, handshake: float) -> Json | None:
    """The transport of a listener for HTTPS. `handshake` is how long a client may take for it."""
    if tls is None:
        return None
    pair = {"certificate_chain": {"filename": str(tls.certificate)}, "private_key": {"filename": str(tls.key)}}
    transport = extension(
        "tls",
        "extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        common_tls_context={
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "tls_certificates": [pair],
        },
    )
    return {"transport_socket": transport, "transport_socket_connect_timeout": seconds(handshake)}


def plugin_config(plugin: PluginEntry, sends_again: int = 0) -> str:
    """The configuration text that the plugin gets. `sends_again`: it may send requests again whose body has up to so
    many bytes."""
    opens = {FAIL_OPEN: True} if plugin.on_failure == "open" else {}
    again = {stages.LIMIT: sends_again} if sends_again else {}
    return spell_out(json.dumps(plugin.config | opens | again, ensure_ascii=False))


def _plugin(plugin: PluginEntry, module: Path, place: int, *, sends_again: int = 0, config: str | None = None) -> Json:
    # Closed: a plugin that was lost is started again, after a second.
    policy: Policy = "FAIL_OPEN" if plugin.on_failure == "open" else "FAIL_RELOAD"
    return wasm_filter(
        f"plugin.{plugin.name}",
        f"plugins.{place}",  # where it is in the file; with its name, each line of a stream would have that twice
        module,
        plugin_config(plugin, sends_again) if config is None else config,
        vm=str(place),  # each has shared data of its own
        root_id=plugin.name,
        policy=policy,
    )


def _access_log(*, two_stages: bool) -> Json:
    upstream = f"%DYNAMIC_METADATA(proxywasm:{stages.UPSTREAM})%" if two_stages else _ACCESS_LOG["upstream"]
    return extension(
        "stdout",
        "extensions.access_loggers.stream.v3.StdoutAccessLog",
        log_format={"json_format": {**_ACCESS_LOG, "upstream": upstream}, "omit_empty_values": True},
    )


def _tracing(gateway: Gateway) -> Json:
    tracing = gateway.tracing
    if tracing is None:
        return {}
    collector = {"uri": str(tracing.url), "cluster": COLLECTOR, "timeout": seconds(_COLLECTOR_SECONDS)}
    headers = [
        {"header": {"key": name, "value": value.replace("%", "%%")}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for name, value in tracing.headers.items()
    ]
    provider = extension(
        "envoy.tracers.opentelemetry",
        "config.trace.v3.OpenTelemetryConfig",
        http_service={"http_uri": collector, "request_headers_to_add": headers},
        service_name=tracing.service,
    )
    return {
        "tracing": {
            "provider": provider,
            "random_sampling": {"value": tracing.sample * 100},
            # Envoy's own tag `http.url` has the query, where some clients have their key: cut it after the first slash.
            "max_path_tag_length": 1,
            "custom_tags": [{"tag": name, "value": value} for name, value in _SPAN_TAGS.items()],
        }
    }
