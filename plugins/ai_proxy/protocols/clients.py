"""The protocols that clients may speak, by the API that they ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..config.settings import Settings
from ..wire.apis import Route
from .anthropic import client as anthropic
from .exchange import ClientProtocol, Exchange
from .openai import client as openai

DEFAULT: Final[ClientProtocol] = openai
"""Also for APIs that no protocol claims: errors have OpenAI's format there."""

CLIENTS: Final[tuple[ClientProtocol, ...]] = (openai, anthropic)

_BY_API: Final[Mapping[str, ClientProtocol]] = {api: client for client in CLIENTS for api in client.apis}


def of_api(api: str) -> ClientProtocol:
    """The protocol of clients that ask for this API."""
    return _BY_API.get(api, DEFAULT)


def new_exchange(settings: Settings, route: Route) -> Exchange:
    return Exchange(settings, route, of_api(route.api))
