"""Envoy's configuration for tests: one worker, a listener for each host, and Unix sockets for all connections.

Unix sockets deliver data at once; TCP of the kernel may delay it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxywasm.abi.root import SOON_MS

from ...gateway.envoy.messages import (
    Json,
    extension,
    from_file,
    http1,
    http_listener,
    message,
    pipe,
    remove_request_header,
    resources,
    seconds,
    set_filter_state,
    static_cluster,
)
from ...gateway.envoy.wasm_filter import Policy, wasm_filter

STREAM: Final = "x-proxywasm-stream"
"""The header by which the test identifies its streams. A filter removes it before the plugin and adds it again after
the plugin."""
REPLY: Final = "x-proxywasm-reply"
"""The header with flags and details of a reply that did not come from the upstream."""
PING: Final = "ping"
AT_ONCE: Final = "/"
LATER: Final = "/later"
"""Paths of the listener `PING`; the second is answered after what the SDK puts off."""
CLUSTERS: Final = "clusters.json"
LISTENERS: Final = "listeners.json"


_TRAILERS: Final[Json] = {"enable_trailers": True}
"""Of HTTP/1.1; Envoy drops them otherwise."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin as Envoy starts it."""

    name: str
    """The plugin's configuration."""
    module: Path
    config: str


@dataclass(frozen=True, slots=True)
class Plugins:
    """The plugins of a host, in the order of requests."""

    vm: str
    """One of its own for each host: nothing is left of another test. Plugins of one host share their data by it."""
    plugins: tuple[Plugin, ...]
    route: str
    fail_open: bool


def bootstrap(folder: Path) -> Json:
    fault = "extensions.filters.http.fault.v3.HTTPFault"
    delay = {"fixed_delay": seconds((SOON_MS + 1) / 1000), "percentage": {"numerator": 100}}
    later = {"typed_per_filter_config": {"later": message(fault, delay=delay)}}
    answers = [
        {"match": {"path": path}, "direct_response": {"status": 204}, **more}
        for path, more in ((AT_ONCE, {}), (LATER, later))
    ]
    return {
        "node": {"id": "test", "cluster": "tests"},
        "dynamic_resources": {
            "cds_config": from_file(folder / CLUSTERS),
            "lds_config": from_file(folder / LISTENERS),
        },
        "static_resources": {"listeners": [_listener(folder, PING, answers, [extension("later", fault)])]},
    }


def write(file: Path, kind: str, items: list[Json]) -> None:
    """Resources of one kind, all that there are from now on; Envoy notices when a file is moved to this place."""
    new = file.with_suffix(".new")
    new.write_text(json.dumps(resources(kind, items)))
    new.rename(file)


def cluster(folder: Path, name: str, file: str) -> Json:
    # So that a reset stream breaks its connection.
    once = {"max_requests_per_connection": 1}
    return static_cluster(name, pipe(folder / file), http1(**_TRAILERS), common_http_protocol_options=once)


def listener(folder: Path, chain: Plugins, upstream: str) -> Json:
    route = {
        "name": chain.route,
        "match": {"prefix": "/"},
        "route": {"cluster": upstream, "timeout": "0s"},
        "request_headers_to_add": [{"header": {"key": STREAM, "value": f"%FILTER_STATE({STREAM}:PLAIN)%"}}],
    }
    filters = [set_filter_state("note", STREAM, f"%REQ({STREAM})%"), remove_request_header(STREAM), *_wasm(chain)]
    return _listener(folder, chain.vm, [route], filters)


def _listener(folder: Path, name: str, routes: list[Json], filters: list[Json]) -> Json:
    details = {"header": {"key": REPLY, "value": "%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%"}}
    every = {"status_code_filter": {"comparison": {"op": "GE", "value": {"default_value": 0, "runtime_key": "none"}}}}
    return http_listener(
        name,
        pipe(folder / name),
        routes,
        filters,
        buffer=1 << 25,
        http_protocol_options=_TRAILERS,
        proxy_100_continue=True,
        generate_request_id=False,
        server_header_transformation="PASS_THROUGH",
        scheme_header_transformation={"scheme_to_overwrite": "https"},
        stream_idle_timeout="0s",
        delayed_close_timeout="0s",
        local_reply_config={"mappers": [{"filter": every, "headers_to_add": [details]}]},
    )


def _wasm(chain: Plugins) -> list[Json]:
    policy: Policy = "FAIL_OPEN" if chain.fail_open else "FAIL_CLOSED"
    return [
        wasm_filter(
            f"plugin-{number}", plugin.name, plugin.module, plugin.config, vm=chain.vm, place=number, policy=policy
        )
        for number, plugin in enumerate(chain.plugins)
    ]
