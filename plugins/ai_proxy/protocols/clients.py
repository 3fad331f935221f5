"""The client protocols, by API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..config.settings import Settings
from ..wire.apis import Route
from .anthropic import client as anthropic
from .exchange import ClientProtocol, Exchange
from .openai import client as openai

DEFAULT: Final[ClientProtocol] = openai
"""Also for APIs that belong to no protocol: their errors have OpenAI's format."""

CLIENTS: Final[tuple[ClientProtocol, ...]] = (openai, anthropic)

_BY_API: Final[Mapping[str, ClientProtocol]] = {api: client for client in CLIENTS for api in client.apis}


def of_api(api: str) -> ClientProtocol:
    """The protocol of the clients of this API."""
    return _BY_API.get(api, DEFAULT)


def new_exchange(settings: Settings, route: Route) -> Exchange:
    return Exchange(settings, route, of_api(route.api))
