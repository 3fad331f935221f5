"""The protocols that clients may speak: which one a request is in, by its path and its API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

from ..config.settings import Settings
from ..wire import apis
from ..wire.apis import Route
from .anthropic import client as anthropic
from .exchange import ClientProtocol, Exchange
from .openai import client as openai

Value = TypeVar("Value")

DEFAULT: Final[ClientProtocol] = openai
"""Also for APIs that belong to no protocol: their errors have OpenAI's format."""

CLIENTS: Final[tuple[ClientProtocol, ...]] = (openai, anthropic)
"""Those that ai-proxy brings along."""


class Clients:
    """The client protocols of one plugin."""

    def __init__(self, protocols: Sequence[ClientProtocol]) -> None:
        """Raises `ValueError` for protocols that contradict themselves or each other."""
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
        # Of two paths that end alike the longer one is meant.
        added = sorted(((path, api) for path, (api, _) in own.items()), key=lambda item: -len(item[0]))
        self._suffixes: Final = (*added, *apis.SUFFIXES)
        self.plain: Final[Mapping[str, Route]] = {**apis.PLAIN, **{path: Route(api) for path, api in added}}
        """What `route` says of paths without a prefix and a query, as those of most clients are."""

    def of_api(self, api: str) -> ClientProtocol:
        """The protocol of the clients of this API."""
        return self._by_api.get(api, DEFAULT)

    def route(self, path: str) -> Route:
        """The API that a request path, query included, stands for."""
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
