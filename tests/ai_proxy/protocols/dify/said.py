"""An answer of the service, whole and streamed, as far as its protocol has a place for what is said."""

from __future__ import annotations

from typing import Final

from tests.ai_proxy.service_answers import USAGE, Said, Writer, event_bytes, whole_bytes


def whole(one: Said) -> bytes:
    """An app answers with a text."""
    return whole_bytes({"conversation_id": "c", "answer": one.text, "metadata": {"usage": USAGE}})


def stream(one: Said) -> bytes:
    said = {"event": "message", "conversation_id": "c", "answer": one.text}
    thought = {"event": "agent_thought", "conversation_id": "c", "thought": one.reasoning}
    return event_bytes([thought, said, {"event": "message_end", "conversation_id": "c", "metadata": {"usage": USAGE}}])


WRITERS: Final[dict[str, tuple[Writer, Writer | None]]] = {"dify": (whole, stream)}
