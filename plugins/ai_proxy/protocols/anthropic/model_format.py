"""Models in Anthropic's format. Source: platform.claude.com, "List Models", "Get a Model"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from ...profiles.facts import UNKNOWN, Profile, Thinking
from ...wire import lenient
from ...wire.errors import ApiError
from ...wire.json import Json
from ..pivot.listed_models import Model, ModelFormat

_PAGE: Final = 20
_LARGEST_PAGE: Final = 1000
_YES: Final = {"supported": True}
_NO: Final = {"supported": False}


def _one(model: Model) -> Json:
    created = datetime.fromtimestamp(model.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    known = model.profile is not UNKNOWN
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.id,
        "created_at": created,
        "lifecycle": "active",
        "line": None,
        "max_input_tokens": None,
        "max_tokens": model.profile.most_output or None,
        "capabilities": _capabilities(model.profile) if known else None,
    }


def _capabilities(profile: Profile) -> Json:
    """Images and documents are sent, whatever the model can do with them. Batches and tools that the service runs are
    Anthropic's own.
    """
    efforts = {name: _is(name in profile.efforts) for name in ("low", "medium", "high", "xhigh", "max")}
    thinks = profile.thinking not in {Thinking.NONE, Thinking.UNKNOWN}
    kinds = {
        "adaptive": _is(thinks),
        "enabled": _is(thinks),
        "disabled": _is(not profile.always_thinks),
        "between_tools": _NO,
    }
    return {
        "batch": _NO,
        "citations": _NO,
        "code_execution": _NO,
        "context_management": _NO,
        "effort": {"supported": bool(profile.efforts), **efforts},
        "image_input": _YES,
        "pdf_input": _YES,
        "server_tools": {"supported": False, "code_execution": _NO, "web_search": _NO},
        "structured_outputs": _is(profile.structured_outputs),
        "thinking": {"supported": thinks, "types": kinds},
    }


def _is(supported: bool) -> Json:
    return _YES if supported else _NO


def _many(models: Sequence[Model], query: str) -> Json:
    """One page. Raises `ApiError` for an invalid size."""
    asked = dict(parse_qsl(query))
    size = lenient.digits(asked.get("limit", str(_PAGE)))
    if not 1 <= size <= _LARGEST_PAGE:
        raise ApiError(400, f"limit: must be between 1 and {_LARGEST_PAGE}", param="limit")
    names = [model.id for model in models]
    first, last = 0, len(names)
    if (after := asked.get("after_id")) in names:
        first = names.index(after) + 1
    if (before := asked.get("before_id")) in names:
        last = names.index(before)
        first = max(first, last - size)
    page = models[first : min(first + size, last)]
    more = first > 0 if before in names else first + size < last
    return {
        "data": [_one(model) for model in page],
        "has_more": more,
        "first_id": page[0].id if page else None,
        "last_id": page[-1].id if page else None,
    }


FORMAT: Final = ModelFormat(_many, _one)
