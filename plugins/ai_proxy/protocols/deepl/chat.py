"""DeepL's translation as a chat: every message except the system prompt is a text to translate, and becomes a choice.

Source: developers.deepl.com, "Translate text". The model, `Free` or `Pro`, selects one of DeepL's two hosts.
"""

from __future__ import annotations

from typing import Final

from proxywasm import Event

from ...wire import lenient
from ...wire.errors import ApiError, bad_upstream
from ...wire.json import Json
from ..exchange import Exchange
from ..interface import StreamWriter
from ..interface import no_state as new_state
from ..interface import sse_decoder as decoder
from ..pivot import chat_fields, message_content
from ..pivot.chat import choice, completion
from .settings import DeeplSettings

__all__ = [
    "accepts_signed_thinking", "decoder", "error", "event", "new_state", "request", "response",
]  # fmt: skip

accepts_signed_thinking: Final = False

_HOSTS = {"Free": "api-free.deepl.com", "Pro": "api.deepl.com"}

# DeepL's own parameters. None of OpenAI's applies to a translation.
_PARAMETERS = (
    "source_lang", "formality", "glossary_id", "model_type", "preserve_formatting", "split_sentences", "tag_handling",
    "non_splitting_tags", "splitting_tags", "ignore_tags", "outline_detection", "show_billed_characters",
)  # fmt: skip


def request(exchange: Exchange, body: Json) -> Json:
    settings = exchange.settings
    assert isinstance(settings, DeeplSettings)
    if exchange.model not in _HOSTS:
        raise ApiError(404, 'the models of DeepL are "Free" and "Pro"', code="model_not_found", param="model")
    exchange.host = _HOSTS[exchange.model]
    texts: list[str] = []
    context: list[str] = []
    for message in chat_fields.messages(body):
        text = message_content.text_only(message.get("content"), "DeepL")
        (context if chat_fields.is_system(message) else texts).append(text)
    if not texts:
        raise ApiError(400, "there is nothing to translate: all messages are system prompts", param="messages")
    sent: Json = {"text": texts, "target_lang": settings.target_lang}
    if context_text := "\n".join(filter(None, context)):
        sent["context"] = context_text
    return sent | {name: body[name] for name in _PARAMETERS if body.get(name) is not None}


def response(exchange: Exchange, document: Json) -> Json:
    if (failure := error(200, document)) is not None:
        raise failure
    translations = document.get("translations")
    if not isinstance(translations, list) or not translations:
        raise bad_upstream("the upstream's answer has no translations")
    choices = []
    for index, item in enumerate(lenient.objects(translations)):
        message: Json = {"role": "assistant", "content": lenient.text(item.get("text"))}
        if language := lenient.text(item.get("detected_source_language")):
            message = {"name": language, **message}
        choices.append(choice(index, message, "stop"))
    return completion("", exchange.model, choices, None)


def event(exchange: Exchange, state: None, event: Event, document: Json, writer: StreamWriter) -> None:  # noqa: ARG001
    raise error(200, document) or bad_upstream("the upstream streams translations")


def error(status: int, document: Json) -> ApiError | None:
    """`{"message": ...}`, sometimes with `detail`."""
    message = lenient.text(document.get("message"))
    if not message or "translations" in document:
        return None
    if status < 400:
        # DeepL has sent quota errors with status 200.
        status = 429 if "quota" in message.lower() else 502
    detail = lenient.text(document.get("detail"))
    return ApiError(status, f"{message}: {detail}" if detail else message)
