"""What of Envoy's configuration lies in files of its own, so that it can be replaced while Envoy runs.

    clusters.json     upstreams (CDS)
    plugins.N.json    the N-th plugin of the chain (ECDS), or nothing that does something
    routes.json       routes (RDS)
    second.N.json, second_routes.json   the same of the second stage; see `stages`

Envoy reads a file again when another one is moved to its place. The listener stays as it is: to change it, Envoy would
replace it, and would close its connections after the drain time, whatever they carry.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Final

from ..model import Gateway
from .clusters import COLLECTOR
from .messages import Json, from_file, message, resources

CLUSTERS: Final = "clusters"
ROUTES: Final = "routes"
SECOND_ROUTES: Final = "second_routes"
_SPARE: Final = 8
"""Plugins that a chain may have at least, however many it has at the start."""
_PREFIX: Final = "plugin."
_WASM: Final = "extensions.filters.http.wasm.v3.Wasm"
_NOTHING: Final = "extensions.filters.http.header_mutation.v3.HeaderMutation"


def places(gateway: Gateway) -> int:
    """How many plugins the chain of a gateway that starts with this file may have."""
    return max(len(gateway.plugins), _SPARE)


def divide(config: Json, folder: Path, most_plugins: int) -> tuple[Json, dict[str, Json]]:
    """A configuration whose changing parts are in files of the folder, and the contents of these files by their names
    (without `.json`), in the order in which they are to be replaced."""
    config = copy.deepcopy(config)
    static, parts = config["static_resources"], {}
    kept = [cluster for cluster in static["clusters"] if cluster["name"] == COLLECTOR]
    parts[CLUSTERS] = _resources(
        "config.cluster.v3.Cluster", *(cluster for cluster in static["clusters"] if cluster not in kept)
    )
    static["clusters"] = kept
    # What the admin interface sets: why a file was refused.
    config["layered_runtime"] = {"layers": [{"name": "admin", "admin_layer": {}}]}
    config["dynamic_resources"] = {"cds_config": _file(folder, CLUSTERS)}
    first, second = static["listeners"]
    parts |= _divide(second, folder, "second", SECOND_ROUTES, most_plugins)
    parts |= _divide(first, folder, "plugins", ROUTES, most_plugins)
    return config, dict(sorted(parts.items(), key=lambda part: _turn(*part)))


def _turn(name: str, content: Json) -> int:
    """In which order files are replaced. Plugins come first and go last: while requests begin to go to the second
    stage, or cease to, they may meet a plugin in both stages, but never in none."""
    if name == CLUSTERS:
        return 0
    if name in (ROUTES, SECOND_ROUTES):
        return 2
    return 3 if content["resources"][0]["typed_config"] == message(_NOTHING) else 1


def _divide(listener: Json, folder: Path, prefix: str, routes: str, most_plugins: int) -> dict[str, Json]:
    """Let a listener find its plugins and routes in files; their contents."""
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    route_config = manager.pop("route_config")
    manager["rds"] = {"route_config_name": route_config["name"], "config_source": _file(folder, routes)}
    filters = manager["http_filters"]
    plugins = [each for each in filters if each["name"].startswith(_PREFIX)]
    first = (
        filters.index(plugins[0])
        if plugins
        else next(index for index, each in enumerate(filters) if each["name"] == "own-hosts")
    )
    names = [f"{prefix}.{number}" for number in range(most_plugins)]
    filters[first : first + len(plugins)] = [_found_in(folder, name) for name in names]
    found = [plugin["typed_config"] for plugin in plugins]
    found += [message(_NOTHING)] * (most_plugins - len(found))
    parts = {
        name: _resources("config.core.v3.TypedExtensionConfig", {"name": name, "typed_config": config})
        for name, config in zip(names, found, strict=True)
    }
    parts[routes] = _resources("config.route.v3.RouteConfiguration", route_config)
    return parts


def _found_in(folder: Path, name: str) -> Json:
    kinds = [message(kind)["@type"] for kind in (_WASM, _NOTHING)]
    return {"name": name, "config_discovery": {"config_source": _file(folder, name), "type_urls": kinds}}


def _file(folder: Path, name: str) -> Json:
    return {**from_file(folder / f"{name}.json"), "resource_api_version": "V3"}


def _resources(kind: str, *items: Json) -> Json:
    return resources(kind, items)
