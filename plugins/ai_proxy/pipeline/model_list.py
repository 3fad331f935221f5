"""The list of models for clients of a service that has none: the names in the configuration's model mapping."""

from __future__ import annotations

from collections.abc import Sequence
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
    reply_with(ctx, [(name, provider.row.name) for name in names])
    return True


def reply_with(ctx: HttpContext, models: Sequence[tuple[str, str]]) -> None:
    """Answer with these models, each with the name of its owner."""
    listed = _anthropics(models) if ctx.request_headers.get(_ANTHROPIC) else _openais(models)
    ctx.send_http_response(200, {"content-type": "application/json"}, dump_bytes(listed), details="ai-proxy.models")


def _openais(models: Sequence[tuple[str, str]]) -> Json:
    data = [{"id": name, "object": "model", "created": 0, "owned_by": owner} for name, owner in models]
    return {"object": "list", "data": data}


def _anthropics(models: Sequence[tuple[str, str]]) -> Json:
    names = [name for name, _ in models]
    data = [{"type": "model", "id": name, "display_name": name, "created_at": _EPOCH} for name in names]
    first, last = (names[0], names[-1]) if names else (None, None)
    return {"data": data, "has_more": False, "first_id": first, "last_id": last}
