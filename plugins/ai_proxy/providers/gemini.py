"""Google's Gemini API. Source: ai.google.dev/api."""

from __future__ import annotations

from typing import Final

from ..protocols.exchange import Exchange
from ..protocols.google import dropped as google_dropped
from ..protocols.google import gemini, gemini_embeddings, gemini_images, gemini_models, tokens
from ..protocols.google.settings import GeminiSettings
from ..protocols.pivot import chat_rules
from ..wire import apis
from ..wire.paths import segment
from .row import Addressing, Auth, Credentials, Dialect, Original, Row, of_all_models


def _path(exchange: Exchange) -> str:
    """The path for clients of Google's own protocol: it contains the model, which is mapped."""
    if exchange.api in {apis.MODELS, apis.RETRIEVE_MODEL}:
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
        settings=GeminiSettings,
        addressing=Addressing(
            host="generativelanguage.googleapis.com",
            # The protocols set these paths, with the version and mostly with the model.
            paths={
                apis.CHAT: "/v1beta/models/{model}:generateContent",
                apis.EMBEDDINGS: "/v1beta/models/{model}:batchEmbedContents",
                apis.IMAGE_GENERATION: "/v1beta/models/{model}:predict",
                apis.GEMINI_GENERATE: "/{version}/models/{model}:generateContent",
                apis.GEMINI_STREAM: "/{version}/models/{model}:streamGenerateContent",
                apis.MODELS: "/v1beta/models",
                apis.RETRIEVE_MODEL: "/v1beta/models/{model_id}",
                apis.COUNT_TOKENS: "/v1beta/models/{model}:countTokens",
                apis.COUNT_RESPONSE_TOKENS: "/v1beta/models/{model}:countTokens",
            },
            choose_path=_path,
            original=Original.KEPT,
            strict_query=True,
        ),
        credentials=Credentials(auth=Auth("x-goog-api-key"), key_parameter="key"),
        dialect=Dialect(
            rules=of_all_models(chat_rules.GOOGLE),
            dropped={apis.CHAT: google_dropped.CHAT, apis.IMAGE_GENERATION: google_dropped.IMAGES},
            protocols={
                apis.CHAT: gemini,
                apis.EMBEDDINGS: gemini_embeddings,
                apis.IMAGE_GENERATION: gemini_images,
                apis.MODELS: gemini_models,
                apis.RETRIEVE_MODEL: gemini_models,
                apis.COUNT_TOKENS: tokens.GEMINI,
                apis.COUNT_RESPONSE_TOKENS: tokens.GEMINI,
            },
            reasoning_modes=True,
            accept_for_streams=False,  # `alt=sse` selects streaming.
        ),
    ),
)
