"""The list of models for clients of a service that has none: the names in the configuration's model mapping."""

from __future__ import annotations

from typing import Final

from proxywasm import HttpContext

from ..providers.row import Provider
from ..wire.json import Json, dump_bytes

_ANTHROPIC: Final = "anthropic-version"
"""The header that clients of Anthropic's protocol send. Both protocols have the same path."""
_EPOCH: Final = "1970-01-01T00:00:00Z"


def reply(ctx: HttpContext, provider: Provider) -> bool:
    """Answer a request for the list of models. Returns whether there is a list."""
    names = provider.settings.model_mapping.names
    if not names or ctx.method != "GET":
        return False
    listed = _anthropics(names) if ctx.request_headers.get(_ANTHROPIC) else _openais(names, provider.row.name)
    ctx.send_http_response(200, {"content-type": "application/json"}, dump_bytes(listed), details="ai-proxy.models")
    return True


def _openais(names: tuple[str, ...], owner: str) -> Json:
    data = [{"id": name, "object": "model", "created": 0, "owned_by": owner} for name in names]
    return {"object": "list", "data": data}


def _anthropics(names: tuple[str, ...]) -> Json:
    data = [{"type": "model", "id": name, "display_name": name, "created_at": _EPOCH} for name in names]
    return {"data": data, "has_more": False, "first_id": names[0], "last_id": names[-1]}
