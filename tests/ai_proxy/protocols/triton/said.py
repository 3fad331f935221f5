"""An answer of the service, whole and streamed, as far as its protocol has a place for what is said."""

from __future__ import annotations

from typing import Final

from tests.ai_proxy.service_answers import Said, Writer, event_bytes, whole_bytes


def whole(one: Said) -> bytes:
    return whole_bytes({"id": "t", "model_name": "m", "text_output": one.text})


def stream(one: Said) -> bytes:
    return event_bytes([{"id": "t", "text_output": one.text}])


WRITERS: Final[dict[str, tuple[Writer, Writer | None]]] = {"triton": (whole, stream)}
