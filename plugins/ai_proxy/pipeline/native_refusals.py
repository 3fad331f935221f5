"""Recognises answers that a content filter has refused, in the protocols that pass unconverted.

The same as `refused_answers` for Claude's messages, OpenAI's responses and Gemini's contents, whole or as streams.
Sources: Anthropic, "Handling stop reasons" (`refusal`); OpenAI API reference, "Responses" (`incomplete_details`);
ai.google.dev/api/generate-content (`promptFeedback`, `FinishReason`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from proxywasm import SSEDecoder

from ..protocols.anthropic import service as anthropic
from ..protocols.exchange import RefusalWatch
from ..protocols.google import answer as google
from ..protocols.google.candidate import is_filtered
from ..protocols.openai import service as openai
from ..wire import apis, lenient
from ..wire.errors import ApiError
from ..wire.json import Json, loads

CHATS: Final = frozenset({apis.MESSAGES, apis.RESPONSES, apis.GEMINI_GENERATE, apis.GEMINI_STREAM})
"""The APIs whose answers pass in the service's protocol, and may be refused."""


def watch_answer(watch: RefusalWatch, api: str, raw: bytes) -> None:
    """Look at a whole answer, or at all events of a stream."""
    if raw.lstrip()[:1] == b"{":
        documents = [raw]
    else:
        decoder = SSEDecoder()
        documents = [event.data.encode() for event in (*decoder.feed(raw), *decoder.close())]
    for data in documents:
        try:
            watch_event(watch, api, lenient.mapping(loads(data)))
        except ValueError:  # The client gets it as it is.
            break
        if watch.decided:
            return
    watch.decided = True


def watch_event(watch: RefusalWatch, api: str, document: Json) -> None:
    """Look at the next event of a stream, or at a whole answer."""
    _WATCHING.get(api, _gemini)(watch, document)


def error(api: str, document: Json) -> ApiError | None:
    """The error in an event."""
    if api == apis.MESSAGES:
        return anthropic.error(200, document)
    if api != apis.RESPONSES:
        return google.error(200, document)
    kind = document.get("type")
    if kind == "response.failed":
        return openai.error(200, lenient.mapping(document.get("response")))
    return openai.error(200, {"error": document}) if kind == "error" else None


def _messages(watch: RefusalWatch, event: Json) -> None:
    kind = event.get("type")
    if kind == "message":
        watch.decided, watch.refused = True, event.get("stop_reason") == _REFUSED
    elif kind == "message_delta":
        watch.refused = lenient.mapping(event.get("delta")).get("stop_reason") == _REFUSED
        watch.decided = not watch.refused  # A client that gets the refusal in the end needs the last event, too.
    elif kind == "content_block_start":
        block = lenient.mapping(event.get("content_block"))
        watch.decided = block.get("type") not in {"text", "thinking"} or bool(block.get("text"))
    else:
        watch.decided = kind in {"content_block_delta", "message_stop"}


_REFUSED: Final = "refusal"


def _responses(watch: RefusalWatch, event: Json) -> None:
    kind = lenient.text(event.get("type"))
    whole = event if event.get("object") == "response" else lenient.mapping(event.get("response"))
    if kind in {"", "response.incomplete"}:
        reason = lenient.mapping(whole.get("incomplete_details")).get("reason")
        watch.decided, watch.refused = True, reason == "content_filter"
    else:
        watch.decided = kind.endswith(".delta") or kind in _LAST_OF_RESPONSES


_LAST_OF_RESPONSES: Final = frozenset({"response.completed", "response.failed", "error"})


def _gemini(watch: RefusalWatch, event: Json) -> None:
    candidates = lenient.objects(event.get("candidates"))
    if google.blocked(event) is not None:
        watch.decided = watch.refused = True
    elif candidates:
        refused = [is_filtered(candidate) for candidate in candidates]
        watch.refused = all(refused)
        watch.decided = (
            watch.refused
            or any(map(_has_content, candidates))
            or any(candidate.get("finishReason") for candidate in candidates)
        )


def _has_content(candidate: Json) -> bool:
    return bool(lenient.objects(lenient.mapping(candidate.get("content")).get("parts")))


_WATCHING: Final[dict[str, Callable[[RefusalWatch, Json], None]]] = {
    apis.MESSAGES: _messages,
    apis.RESPONSES: _responses,
}
