"""The client protocols of a plugin: finds the protocol of a request by its path and its API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

from ..config.settings import Settings
from ..wire import apis
from ..wire.apis import Route
from .anthropic import client as anthropic
from .exchange import ClientProtocol, Exchange
from .openai import client as openai
from .responses import client as responses

Value = TypeVar("Value")

DEFAULT: Final[ClientProtocol] = openai
"""The protocol for APIs that belong to no other: their errors have OpenAI's format."""

CLIENTS: Final[tuple[ClientProtocol, ...]] = (openai, anthropic, responses)
"""The protocols of ai-proxy itself."""


class Clients:
    """The client protocols of one plugin."""

    def __init__(self, protocols: Sequence[ClientProtocol]) -> None:
        """Raises `ValueError` for invalid protocols, and for two with the same path or API."""
        self._by_api: Final[Mapping[str, ClientProtocol]] = _unique(
            (api, protocol) for protocol in protocols for api in protocol.apis
        )
        own = _unique((path, (api, protocol)) for protocol in protocols for path, api in protocol.paths.items())
        for protocol in protocols:
            if protocol.chat_api not in protocol.apis:
                raise ValueError(f"chat_api must be one of apis, got {protocol.chat_api!r}")
        for path, (api, protocol) in own.items():
            if not path.startswith("/") or api not in protocol.apis:
                raise ValueError(f"paths must lead from a path to one of apis, got {path!r}: {api!r}")
        # Longer paths first: a path may end with another one.
        added = sorted(((path, api) for path, (api, _) in own.items()), key=lambda item: -len(item[0]))
        self._suffixes: Final = (*added, *apis.SUFFIXES)
        self.plain: Final[Mapping[str, Route]] = {**apis.PLAIN, **{path: Route(api) for path, api in added}}
        """The result of `route` for paths without prefix and query, which most clients use."""

    def of_api(self, api: str) -> ClientProtocol:
        """The protocol that has this API."""
        return self._by_api.get(api, DEFAULT)

    def route(self, path: str) -> Route:
        """The API of a request path, which may have a query."""
        return apis.classify(path, self._suffixes)


def _unique(pairs: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"two client protocols claim {name!r}")
        found[name] = value
    return found


BUILT_IN: Final = Clients(CLIENTS)


def new_exchange(settings: Settings, route: Route, clients: Clients = BUILT_IN) -> Exchange:
    return Exchange(settings, route, clients.of_api(route.api))
