"""All providers with their own chat protocol, and the conversion of requests for each of them."""

from __future__ import annotations

import copy
import json
from typing import Any

from tests.ai_proxy import converting, natives
from tests.ai_proxy.gateway import NATIVE, Json

from ai_proxy import providers
from ai_proxy.pipeline import bodies, client_protocols
from ai_proxy.protocols.interface import FilesWanted
from ai_proxy.wire import apis
from ai_proxy.wire.json import dump_bytes

PROVIDERS: dict[str, tuple[Json, str]] = {
    **natives.ALL, **{name: (config, "Pro") for name, config in converting.ALL.items()}, "qwen": (NATIVE, "qwen-max"),
}  # fmt: skip
"""Each with a model."""


def convert(name: str, body: Json, path: str = "/v1/chat/completions") -> Any:
    """The document that the provider gets. Raises `ApiError`."""
    config, model = PROVIDERS[name]
    provider = providers.build({**config, "modelMapping": {"*": model}}, "provider")
    exchange = client_protocols.new_exchange(provider, apis.classify(path))
    prepared, _ = bodies.prepare(provider, exchange, copy.deepcopy(body))  # which it may change
    service = provider.row.dialect.protocols.get(exchange.api)
    try:
        return json.loads(dump_bytes(prepared if service is None else service.request(exchange, prepared)))
    except FilesWanted:
        return {}
