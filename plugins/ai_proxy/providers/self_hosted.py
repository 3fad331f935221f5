"""Self-hosted servers, and services of unknown kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..config.settings import GenericSettings, OllamaSettings, Settings, VllmSettings
from ..wire import apis
from .openai import PATHS, custom
from .row import Addressing, Credentials, Dialect, Endpoint, Original, OwnKey, Row


def _ollama(settings: Settings, paths: Mapping[str, str]) -> Endpoint:
    assert isinstance(settings, OllamaSettings)
    return Endpoint(f"{settings.ollama_server_host}:{settings.ollama_server_port}", paths)


# Source: vLLM docs, "OpenAI-Compatible Server".
_OF_VLLM: Final = (
    apis.CHAT, apis.COMPLETIONS, apis.RESPONSES, *apis.OF_RESPONSES, apis.EMBEDDINGS, apis.AUDIO_TRANSCRIPTION,
    apis.AUDIO_TRANSLATION, apis.MODELS,
)  # fmt: skip


def _vllm(settings: Settings, paths: Mapping[str, str]) -> Endpoint:
    assert isinstance(settings, VllmSettings)
    if settings.vllm_custom_url is not None:
        return custom(settings.vllm_custom_url, paths)
    return Endpoint(settings.vllm_server_host or "vllm-service.cluster.local", paths)


ROWS: Final = (
    Row(
        name="ollama",
        title="Ollama",
        settings=OllamaSettings,
        addressing=Addressing(
            host="",
            paths={api: PATHS[api] for api in (apis.CHAT, apis.EMBEDDINGS, apis.MODELS)},
            endpoint=_ollama,
            forwards_unknown_apis=True,
        ),
        credentials=Credentials(
            # The server has no keys; a proxy in front of it may need one, and Ollama's cloud does.
            token_required=False,
            own_key=OwnKey.KEPT,
        ),
    ),
    Row(
        name="vllm",
        title="vLLM",
        settings=VllmSettings,
        addressing=Addressing(
            host="",
            paths={
                **{api: PATHS[api] for api in _OF_VLLM},
                apis.COHERE_RERANK: "/v1/rerank",
                # With its own Anthropic endpoint nothing is converted. Source: vLLM docs, "Anthropic Messages API".
                apis.MESSAGES: "/v1/messages",
                apis.COUNT_TOKENS: "/v1/messages/count_tokens",
            },
            endpoint=_vllm,
            original=Original.KNOWN_APIS,
        ),
        credentials=Credentials(token_required=False, own_key=OwnKey.KEPT),
    ),
    Row(
        name="generic",
        title="a service of any kind",
        settings=GenericSettings,
        addressing=Addressing(
            host="", host_setting="generic_host", paths={}, forwards_unknown_apis=True, keeps_path=True
        ),
        credentials=Credentials(
            # Nothing is known about the service: only host, credential and path prefixes are set.
            token_required=False,
            own_key=OwnKey.KEPT,
        ),
        dialect=Dialect(keeps_bodies=True, first_byte_timeout_always=True),
    ),
    Row(
        name="coze",
        title="Coze",
        addressing=Addressing(
            host="api.coze.cn",
            paths={},
            # Its paths select agents, and its protocol differs from OpenAI's. Source: Coze API docs.
            forwards_unknown_apis=True,
            keeps_path=True,
        ),
        dialect=Dialect(keeps_bodies=True),
    ),
)
