"""Envoy with a listener for each plugin, whose routes lead to the same upstreams with different configurations.

To make a VM ready for one more configuration takes Envoy up to half a second, and nearly as long to read a module for
one more listener. So configurations are rules of one where they can be: each has a route of its own, and
`_match_route_` finds its rule. A header chooses the route, and is gone when the plugin sees the request.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from wasmtime import wat2wasm

from proxywasm_host.gateway.envoy.messages import Json, extension, message

from .recorder import BY_ROUTE

LAST = "last"


LINE = "x-line"
"""The header of requests that chooses their line."""


@dataclass(frozen=True, slots=True)
class Line:
    """A way through one plugin. Lines of one plugin share its VM, as routes of a gateway do."""

    number: int
    plugin: str
    root: str
    """Lines with the same have the same configuration of the plugin, and its listener."""
    config: str
    route: str
    cluster: str

    @property
    def listener(self) -> str:
        return f"{self.plugin}-{self.root}"


def configuration(
    lines: Collection[Line], modules: Mapping[str, Path], upstreams: Mapping[str, Path], folder: Path
) -> Json:
    """`modules` by plugin, `upstreams` by cluster; the access log goes to `folder / "access.log"`.

    The listeners are in a file of their own, because of these Envoy takes what it can: a plugin that refuses its
    configuration costs its listener only. When the last, `LAST`, listens, they all do that ever will.
    """
    names = folder / "names.wasm"
    names.write_bytes(wat2wasm((Path(__file__).parent / "names.wat").read_text()))
    together: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        together[line.listener].append(line)
    listeners = [
        _listener(name, same, [_names(names), _plugin(same[0], modules[same[0].plugin])], folder)
        for name, same in together.items()
    ]
    listeners.append(_listener(LAST, [], [], folder))
    kind = "config.listener.v3.Listener"
    resources = {"resources": [message(kind, **listener) for listener in listeners]}
    (folder / "listeners.json").write_text(json.dumps(resources))
    return {
        "node": {"id": "side-by-side", "cluster": "tests"},
        "dynamic_resources": {"lds_config": {"path_config_source": {"path": str(folder / "listeners.json")}}},
        "static_resources": {"clusters": [_cluster(name, path) for name, path in upstreams.items()]},
    }


def _cluster(name: str, path: Path) -> Json:
    endpoint = {"endpoint": {"address": _pipe(path)}}
    kind = "extensions.upstreams.http.v3.HttpProtocolOptions"
    # Each request on a connection of its own: nothing of an exchange is left for the next.
    options = message(
        kind,
        explicit_http_config={"http_protocol_options": {}},
        common_http_protocol_options={"max_requests_per_connection": 1},
    )
    return {
        "name": name,
        "type": "STATIC",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
        "typed_extension_protocol_options": {f"envoy.{kind}": options},
    }


def _pipe(path: Path) -> Json:
    return {"pipe": {"path": str(path)}}


def _listener(name: str, lines: Collection[Line], plugins: list[Json], folder: Path) -> Json:
    log = extension(
        "file",
        "extensions.access_loggers.file.v3.FileAccessLog",
        path=str(folder / "access.log"),
        log_format=_text(f"{name} %FILTER_STATE({LINE}:PLAIN)% %RESPONSE_CODE_DETAILS%\n"),
    )
    chosen = {"object_key": LINE, "factory_key": "envoy.string", "format_string": _text(f"%REQ({LINE})%")}
    # By the header at first, and by what was noted of it when a plugin has changed the headers.
    routes = [_route(line, {"headers": [{"name": LINE, **_exactly(line)}]}) for line in lines]
    routes += [_route(line, {"filter_state": [{"key": LINE, **_exactly(line)}]}) for line in lines]
    manager = extension(
        "http",
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="line",
        generate_request_id=False,
        server_header_transformation="PASS_THROUGH",
        access_log=[log],
        route_config={"name": "all", "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        http_filters=[
            extension("note", "extensions.filters.http.set_filter_state.v3.Config", on_request_headers=[chosen]),
            extension(
                "remove",
                "extensions.filters.http.header_mutation.v3.HeaderMutation",
                mutations={"request_mutations": [{"remove": LINE}]},
            ),
            *plugins,
            extension("router", "extensions.filters.http.router.v3.Router", suppress_envoy_headers=True),
        ],
    )
    return {
        "name": name,
        "address": _pipe(folder / name),
        "per_connection_buffer_limit_bytes": 2**25,
        "filter_chains": [{"filters": [manager]}],
    }


def _route(line: Line, match: Json) -> Json:
    return {
        "name": line.route,
        "match": {"prefix": "/", **match},
        "route": {"cluster": line.cluster, "timeout": "0s"},
        "request_headers_to_add": [{"header": {"key": BY_ROUTE, "value": "1"}}],
    }


def _exactly(line: Line) -> Json:
    return {"string_match": {"exact": str(line.number)}}


def _text(text: str) -> Json:
    return {"text_format_source": {"inline_string": text}}


def _plugin(line: Line, module: Path) -> Json:
    configuration = {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": line.config}
    return _wasm(line.root, line.plugin, module, configuration=configuration)


def _names(module: Path) -> Json:
    return _wasm("names", "names", module)


def _wasm(name: str, vm: str, module: Path, **more: Json) -> Json:
    return extension(
        name,
        "extensions.filters.http.wasm.v3.Wasm",
        config={
            "name": name,
            "root_id": name,
            "allow_on_headers_stop_iteration": True,
            "vm_config": {
                "vm_id": vm,
                "runtime": "envoy.wasm.runtime.v8",
                "code": {"local": {"filename": str(module)}},
            },
            **more,
        },
    )
