"""An answer of the service, whole and streamed, as far as its protocol has a place for what is said."""

from __future__ import annotations

from typing import Final

from tests.ai_proxy.service_answers import Said, Writer, whole_bytes


def whole(one: Said) -> bytes:
    return whole_bytes({"translations": [{"text": one.text, "detected_source_language": "EN"}]})


WRITERS: Final[dict[str, tuple[Writer, Writer | None]]] = {"deepl": (whole, None)}
