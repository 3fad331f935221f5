"""Google's Vertex AI: with an API key ("express"), with a service account, and its endpoint for OpenAI's protocol.

Source: cloud.google.com/vertex-ai/generative-ai/docs/start/express-mode/overview, and ".../migrate/openai/overview".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ..config.settings import Settings
from ..fetching.google_oauth import AccessToken
from ..profiles.claude import is_claude
from ..profiles.facts import Profile
from ..protocols.anthropic import client as anthropic
from ..protocols.anthropic import dropped as claude_dropped
from ..protocols.google import dropped as google_dropped
from ..protocols.google import tokens, vertex, vertex_embeddings, vertex_images
from ..protocols.google.settings import COMPATIBLE, EXPRESS, STANDARD, VertexSettings
from ..protocols.interface import AnyServiceProtocol
from ..protocols.pivot import chat_rules
from ..protocols.pivot.chat_rules import ChatRules
from ..wire import apis
from .row import BEARER, DEFAULT_TIMEOUT_MS, Addressing, Auth, Credentials, Dialect, Endpoint, Original, Row

# The protocols set these paths, with the publisher and the name of the model.
_PATHS: Final = {
    apis.CHAT: "/v1/publishers/google/models/{model}:generateContent",
    apis.EMBEDDINGS: "/v1/publishers/google/models/{model}:predict",
    apis.IMAGE_GENERATION: "/v1/publishers/google/models/{model}:generateContent",
    apis.IMAGE_EDIT: "/v1/publishers/google/models/{model}:generateContent",
    apis.IMAGE_VARIATION: "/v1/publishers/google/models/{model}:generateContent",
    apis.COUNT_TOKENS: "/v1/publishers/google/models/{model}:countTokens",
    apis.COUNT_RESPONSE_TOKENS: "/v1/publishers/google/models/{model}:countTokens",
}
_PROTOCOLS: Final[Mapping[str, AnyServiceProtocol]] = {
    apis.CHAT: vertex,
    apis.EMBEDDINGS: vertex_embeddings,
    apis.IMAGE_GENERATION: vertex_images,
    apis.IMAGE_EDIT: vertex_images,
    apis.IMAGE_VARIATION: vertex_images,
    apis.COUNT_TOKENS: tokens.VERTEX,
    apis.COUNT_RESPONSE_TOKENS: tokens.VERTEX,
}

_DROPPED: Final = {
    # Its models are Google's and Anthropic's, each with their own answers.
    apis.CHAT: {**google_dropped.CHAT, **claude_dropped.CHAT},
    apis.IMAGE_GENERATION: google_dropped.IMAGES,
    apis.IMAGE_EDIT: google_dropped.IMAGES,
    apis.IMAGE_VARIATION: google_dropped.IMAGES,
}


def _endpoint(settings: Settings, paths: Mapping[str, str]) -> Endpoint:
    assert isinstance(settings, VertexSettings)
    region = settings.vertex_region
    return Endpoint("aiplatform.googleapis.com" if region == "global" else f"{region}-aiplatform.googleapis.com", paths)


def _compatible(settings: Settings, paths: Mapping[str, str]) -> Endpoint:
    assert isinstance(settings, VertexSettings)
    place = f"/v1beta1/projects/{settings.vertex_project_id}/locations/{settings.vertex_region}/endpoints/openapi"
    return Endpoint(_endpoint(settings, paths).host, {api: place + path for api, path in paths.items()})


def _login(settings: Settings) -> AccessToken:
    assert isinstance(settings, VertexSettings)
    assert settings.vertex_auth_key is not None
    service, ahead = settings.vertex_auth_service_name, settings.vertex_token_refresh_ahead
    return AccessToken(settings.vertex_auth_key, service, ahead, settings.timeout or DEFAULT_TIMEOUT_MS)


def _rules(profile: Profile) -> ChatRules:
    return chat_rules.ANTHROPIC if is_claude(profile) else chat_rules.GOOGLE


def _is_claude(settings: Settings, model: str, profile: Profile) -> bool:  # noqa: ARG001
    return is_claude(profile)


_EXPRESS: Final = Row(
    name="vertex",
    title="Google's Vertex AI",
    when=EXPRESS,
    settings=VertexSettings,
    addressing=Addressing(
        host="aiplatform.googleapis.com",
        paths=_PATHS,
        # The paths of Google's own protocol contain publisher and model.
        original=Original.KEPT,
        strict_query=True,
    ),
    credentials=Credentials(auth=Auth("key", in_query=True), key_parameter="key"),
    dialect=Dialect(
        rules=_rules,
        protocols=_PROTOCOLS,
        dropped=_DROPPED,
        reasoning_modes=True,
        edits={apis.MESSAGES: vertex.edit_messages},
        native_clients={anthropic: _is_claude},
        accept_for_streams=False,  # The path selects streaming.
    ),
)
_STANDARD: Final = replace(
    _EXPRESS,
    when=STANDARD,
    addressing=replace(_EXPRESS.addressing, host="", endpoint=_endpoint),
    credentials=replace(_EXPRESS.credentials, auth=BEARER, login=_login, token_required=False),
)

ROWS: Final = (
    _EXPRESS,
    _STANDARD,
    Row(
        name="vertex",
        when=COMPATIBLE,
        settings=VertexSettings,
        addressing=Addressing(
            host="",
            endpoint=_compatible,
            paths={apis.CHAT: "/chat/completions"},
            original=Original.KEPT,
            strict_query=True,
        ),
        credentials=Credentials(login=_login, token_required=False, key_parameter="key"),
        dialect=Dialect(accept_for_streams=False),
    ),
)
