"""All providers with a protocol of their own for chats, and what each of them gets of a request."""

from __future__ import annotations

import copy
import json
from typing import Any

from tests.ai_proxy import converting, natives
from tests.ai_proxy.gateway import NATIVE, Json

from ai_proxy import apis, bodies, fronts, providers
from ai_proxy.call import Call
from ai_proxy.files import FilesWanted
from ai_proxy.jsonx import dump_bytes

PROVIDERS: dict[str, tuple[Json, str]] = {
    **natives.ALL, **{name: (config, "Pro") for name, config in converting.ALL.items()}, "qwen": (NATIVE, "qwen-max"),
}  # fmt: skip
"""Each with a model."""


def convert(name: str, body: Json, path: str = "/v1/chat/completions") -> Any:
    """The document that the provider gets. Raises `ApiError`."""
    config, model = PROVIDERS[name]
    provider = providers.build({**config, "modelMapping": {"*": model}}, "provider")
    call = Call(provider.settings, apis.classify(path))
    fronts.enter(call, provider)
    prepared, _ = bodies.prepare(provider, call, copy.deepcopy(body))  # which it may change
    codec = provider.row.codecs.get(call.api)
    try:
        return json.loads(dump_bytes(prepared if codec is None else codec.request(call, prepared)))
    except FilesWanted:
        return {}
