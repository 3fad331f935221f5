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

from proxywasm_host.gateway.envoy.messages import (
    Json,
    extension,
    from_file,
    http1,
    http_listener,
    pipe,
    remove_request_header,
    resources,
    set_filter_state,
    static_cluster,
    text_format,
)
from proxywasm_host.gateway.envoy.wasm_filter import wasm_filter

from .recorder import BY_ROUTE

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
    configuration costs its listener only.
    """
    module = folder / "names.wasm"
    module.write_bytes(wat2wasm((Path(__file__).parent / "names.wat").read_text()))
    together: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        together[line.listener].append(line)
    names = wasm_filter("names", "names", module, "", vm="names")
    listeners = [
        _listener(name, same, [names, _plugin(same[0], modules[same[0].plugin])], folder)
        for name, same in together.items()
    ]
    file = folder / "listeners.json"
    file.write_text(json.dumps(resources("config.listener.v3.Listener", listeners)))
    return {
        "node": {"id": "side-by-side", "cluster": "tests"},
        "dynamic_resources": {"lds_config": from_file(file)},
        "static_resources": {"clusters": [_cluster(name, path) for name, path in upstreams.items()]},
    }


def _cluster(name: str, path: Path) -> Json:
    # Each request on a connection of its own: nothing of an exchange is left for the next.
    once = {"max_requests_per_connection": 1}
    return static_cluster(name, pipe(path), http1(), common_http_protocol_options=once)


def _listener(name: str, lines: Collection[Line], plugins: list[Json], folder: Path) -> Json:
    log = extension(
        "file",
        "extensions.access_loggers.file.v3.FileAccessLog",
        path=str(folder / "access.log"),
        log_format=text_format(f"{name} %FILTER_STATE({LINE}:PLAIN)% %RESPONSE_CODE_DETAILS%\n"),
    )
    # By the header at first, and by what was noted of it when a plugin has changed the headers.
    routes = [_route(line, {"headers": [{"name": LINE, **_exactly(line)}]}) for line in lines]
    routes += [_route(line, {"filter_state": [{"key": LINE, **_exactly(line)}]}) for line in lines]
    return http_listener(
        name,
        pipe(folder / name),
        routes,
        [set_filter_state("note", LINE, f"%REQ({LINE})%"), remove_request_header(LINE), *plugins],
        buffer=2**25,
        generate_request_id=False,
        server_header_transformation="PASS_THROUGH",
        access_log=[log],
    )


def _route(line: Line, match: Json) -> Json:
    return {
        "name": line.route,
        "match": {"prefix": "/", **match},
        "route": {"cluster": line.cluster, "timeout": "0s"},
        "request_headers_to_add": [{"header": {"key": BY_ROUTE, "value": "1"}}],
    }


def _exactly(line: Line) -> Json:
    return {"string_match": {"exact": str(line.number)}}


def _plugin(line: Line, module: Path) -> Json:
    return wasm_filter(line.root, line.root, module, line.config, vm=line.plugin)
