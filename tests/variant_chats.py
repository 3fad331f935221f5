"""One chat on its way to a service with a protocol of its own, for the variants of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

from tests.ai_proxy import converting
from tests.ai_proxy.converting import SAMPLES

from ai_proxy.profiles.facts import Profile
from ai_proxy.profiles.resolution import profile_of
from ai_proxy.profiles.services import service_of

Raw: TypeAlias = dict[str, Any]
Place: TypeAlias = tuple[str, ...]

TRANSCRIPTS: Final = frozenset(str(SAMPLES[name].config["type"]) for name in converting.TRANSCRIPTS)
"""The services that get the whole conversation as one text."""

_MODEL_IN_PATH: Final = re.compile("/models?/(.+)[/:]")
"""At Bedrock `/model/<model>/converse`, at Google `/models/<model>:generateContent`."""


@dataclass(frozen=True, slots=True)
class Chat:
    """What the client asks, and what goes upstream for it. A variant changes both documents in place."""

    service: str
    path: str
    """The path that goes upstream."""
    asked: Raw
    sent: Raw

    @property
    def profile(self) -> Profile:
        """That of the model, which is in the body or in the path."""
        in_path = _MODEL_IN_PATH.search(unquote(self.path))
        return profile_of(str(self.sent.get("model") or (in_path[1] if in_path else "")), service_of(self.service))

    def set(self, place: Place, value: Any) -> None:
        """Replace what goes upstream at a place that is there."""
        *outer, last = place
        document: Any = self.sent
        for step in outer:
            document = document[int(step) if isinstance(document, list) else step]
        assert last in document, f"{'.'.join(place)} does not go to {self.service}"
        document[last] = value

    def replace_text(self, old: str, new: str) -> None:
        """Replace a text wherever it goes upstream."""
        reworded = _reworded(self.sent, old, new)
        self.sent.clear()
        self.sent.update(reworded)

    def sends_text(self, text: str) -> bool:
        return any(text in one for one in _texts(self.sent))


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in _texts(one)]


def _reworded(value: Any, old: str, new: str) -> Any:
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, list):
        return [_reworded(item, old, new) for item in value]
    return {key: _reworded(item, old, new) for key, item in value.items()} if isinstance(value, dict) else value
