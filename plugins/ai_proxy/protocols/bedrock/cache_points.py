"""Cache points of Bedrock: those that clients mark with Anthropic's `cache_control`, and those of the configuration.

Source: docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html.
"""

from __future__ import annotations

from typing import Any, Final

from ...profiles.facts import Profile
from ...wire import lenient
from ...wire.json import Json
from .settings import BedrockSettings

_MOST: Final = 4
"""Points that AWS accepts in one request."""
_LONG: Final = "1h"
_POINT: Final[Json] = {"cachePoint": {"type": "default"}}
_LONG_POINT: Final[Json] = {"cachePoint": {"type": "default", "ttl": _LONG}}
_RETENTIONS: Final = {"in_memory": _POINT, "24h": _LONG_POINT}  # An hour is the longest that AWS offers.


class CachePoints:
    """The cache points of one request."""

    def __init__(self, profile: Profile) -> None:
        self._places = profile.cache_points
        self._left = _MOST

    def after(self, place: str, marked: Json) -> list[Json]:
        """The point after a part, message or tool, if it is marked and the model takes points there."""
        control = marked.get("cache_control")
        if not isinstance(control, dict) or place not in self._places or not self._left:
            return []
        self._left -= 1
        return [_LONG_POINT if control.get("ttl") == _LONG else _POINT]

    def add_configured(self, settings: BedrockSettings, body: Json, result: Json) -> None:
        """Add points after the configured parts of the prompt, except where the client has marked them."""
        if not self._places:
            return
        retention = _retention(body.get("prompt_cache_retention")) or _retention(settings.prompt_cache_retention)
        point = _RETENTIONS.get(retention)
        if point is None:
            return
        positions, conversation = settings.bedrock_prompt_cache_point_positions, result["messages"]
        if "system" in positions and "system" in result:
            self._add(result["system"], point)
        last_user = next((one for one in reversed(conversation) if one["role"] == "user"), None)
        marked = []
        if "last_user" in positions and last_user is not None:
            marked.append(last_user)
        if "last" in positions and conversation and conversation[-1] not in marked:
            marked.append(conversation[-1])
        for message in marked:
            self._add(message["content"], point)

    def _add(self, blocks: list[Json], point: Json) -> None:
        if self._left and not (blocks and "cachePoint" in blocks[-1]):
            self._left -= 1
            blocks.append(point)


def _retention(value: Any) -> str:
    text = lenient.text(value).strip().lower().replace("-", "_").replace(" ", "_")
    return "in_memory" if text == "inmemory" else text
