"""Google's Gemini API. Source: ai.google.dev/api."""

from __future__ import annotations

from typing import Final

from ..config.settings.google import GeminiSettings
from ..protocols.exchange import Exchange
from ..protocols.google import gemini, gemini_embeddings, gemini_images, gemini_models
from ..wire import apis
from ..wire.paths import segment
from .row import Auth, Original, Row


def _path(exchange: Exchange) -> str:
    """The path for clients of Google's own protocol: it contains the model, which is mapped."""
    if exchange.api == apis.MODELS:
        return gemini_models.path_of(exchange)
    parameters = exchange.route.parameters
    actions = {apis.GEMINI_GENERATE: "generateContent", apis.GEMINI_STREAM: "streamGenerateContent"}
    if exchange.api not in actions:
        return ""
    version = segment(parameters["version"], "version")
    model = segment(exchange.settings.model_mapping.of(parameters["model"]), "model", safe="@")
    return f"/{version}/models/{model}:{actions[exchange.api]}"


ROWS: Final = (
    Row(
        name="gemini",
        title="Google's Gemini API",
        host="generativelanguage.googleapis.com",
        auth=Auth("x-goog-api-key"),
        settings=GeminiSettings,
        # The protocols set these paths, with the version and mostly with the model.
        paths={
            apis.CHAT: "/v1beta/models/{model}:generateContent",
            apis.EMBEDDINGS: "/v1beta/models/{model}:batchEmbedContents",
            apis.IMAGE_GENERATION: "/v1beta/models/{model}:predict",
            apis.GEMINI_GENERATE: "/{version}/models/{model}:generateContent",
            apis.GEMINI_STREAM: "/{version}/models/{model}:streamGenerateContent",
            apis.MODELS: "/v1beta/models",
        },
        protocols={
            apis.CHAT: gemini,
            apis.EMBEDDINGS: gemini_embeddings,
            apis.IMAGE_GENERATION: gemini_images,
            apis.MODELS: gemini_models,
        },
        reasoning_modes=True,
        choose_path=_path,
        original=Original.KEPT,
        accept_for_streams=False,  # `alt=sse` selects streaming.
        key_parameter="key",
        strict_query=True,
    ),
)
