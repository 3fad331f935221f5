"""AWS Bedrock: its models by the Converse API, with an API key or signed requests.

Source: docs.aws.amazon.com/bedrock/latest/APIReference.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from proxywasm.config import Given

from ..config.settings import Settings
from ..credentials.signing import sigv4
from ..credentials.signing.outgoing import Outgoing
from ..profiles.claude import is_claude
from ..profiles.facts import Profile
from ..protocols.anthropic import client as anthropic
from ..protocols.bedrock import chat as bedrock
from ..protocols.bedrock import dropped as bedrock_dropped
from ..protocols.bedrock import embeddings as bedrock_embeddings
from ..protocols.bedrock import images as bedrock_images
from ..protocols.bedrock import rerank as bedrock_rerank
from ..protocols.bedrock import tokens as bedrock_tokens
from ..protocols.bedrock.settings import SIGNED, BedrockSettings
from ..protocols.interface import AnyServiceProtocol
from ..protocols.pivot import chat_rules
from ..protocols.pivot.chat_rules import ChatRules
from ..wire import apis
from .row import BEARER, Addressing, Credentials, Dialect, Endpoint, Original, Row


def _endpoint(settings: Settings, paths: Mapping[str, str]) -> Endpoint:
    assert isinstance(settings, BedrockSettings)
    return Endpoint(f"bedrock-runtime.{settings.aws_region}.amazonaws.com", paths)


def _sign(settings: Settings, sent: Outgoing) -> Mapping[str, str]:
    assert isinstance(settings, BedrockSettings)
    keys = sigv4.Credentials(settings.aws_access_key, settings.aws_secret_key, settings.aws_region, "bedrock")
    return sigv4.sign(keys, sent.method, sent.path, {"host": sent.host}, sent.body, time.time())


def _rules(profile: Profile) -> ChatRules:
    return chat_rules.BEDROCK_CLAUDE if is_claude(profile) else chat_rules.BEDROCK


def _has_messages_api(settings: Settings, model: str, profile: Profile) -> bool:
    """Whether AWS has Anthropic's API for a model. It takes ids of models, but no ARNs."""
    assert isinstance(settings, BedrockSettings)
    return settings.bedrock_messages_api and is_claude(profile) and not model.startswith("arn:")


_PROTOCOLS: Final[Mapping[str, AnyServiceProtocol]] = {
    apis.CHAT: bedrock,
    apis.EMBEDDINGS: bedrock_embeddings,
    apis.COHERE_RERANK: bedrock_rerank,
    apis.IMAGE_GENERATION: bedrock_images,
    apis.COUNT_TOKENS: bedrock_tokens.COUNTER,
    apis.COUNT_RESPONSE_TOKENS: bedrock_tokens.COUNTER,
}
_WITH_KEYS: Final = Row(
    name="bedrock",
    title="AWS Bedrock",
    when=Given("api_tokens"),
    settings=BedrockSettings,
    addressing=Addressing(
        host="",
        endpoint=_endpoint,
        # The protocols set these paths, with the escaped name of the model.
        paths={
            apis.CHAT: "/model/{model}/converse",
            apis.EMBEDDINGS: "/model/{model}/invoke",
            apis.COHERE_RERANK: "/model/{model}/invoke",
            apis.IMAGE_GENERATION: "/model/{model}/invoke",
            apis.COUNT_TOKENS: "/model/{model}/count-tokens",
            apis.COUNT_RESPONSE_TOKENS: "/model/{model}/count-tokens",
        },
        original=Original.KEPT,
    ),
    credentials=Credentials(auth=BEARER),
    dialect=Dialect(
        rules=_rules,
        protocols=_PROTOCOLS,
        dropped={apis.CHAT: bedrock_dropped.CHAT, apis.EMBEDDINGS: bedrock_dropped.EMBEDDINGS},
        reasoning_modes=True,
        edits={apis.MESSAGES: bedrock.edit_messages},
        native_clients={anthropic: _has_messages_api},
        read_headers=("anthropic-version",),
        accept_for_streams=False,  # The path selects streaming.
        id_header="x-amzn-requestid",
        input_count_header=bedrock_embeddings.TOKENS,
        request_id_header="x-amzn-requestid",
    ),
)
# Anthropic's own API, on another host, accepts only API keys.
_SIGNED: Final = replace(
    _WITH_KEYS,
    when=SIGNED,
    credentials=replace(_WITH_KEYS.credentials, auth=None, sign=_sign, token_required=False),
    dialect=replace(_WITH_KEYS.dialect, edits={}, native_clients={}, read_headers=()),
)

ROWS: Final = (_WITH_KEYS, _SIGNED)
