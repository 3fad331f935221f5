"""Servers that people run themselves, and whatever else is behind a route."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..config.settings import GenericSettings, OllamaSettings, Settings, VllmSettings
from ..wire import apis
from .openai import PATHS, custom
from .row import Endpoint, Original, OwnKey, Row


def _ollama(settings: Settings, paths: Mapping[str, str]) -> Endpoint:
    assert isinstance(settings, OllamaSettings)
    return Endpoint(f"{settings.ollama_server_host}:{settings.ollama_server_port}", paths)


# Source: vLLM docs, "OpenAI-Compatible Server".
_OF_VLLM: Final = (
    apis.CHAT, apis.COMPLETIONS, apis.RESPONSES, apis.EMBEDDINGS, apis.AUDIO_TRANSCRIPTION, apis.AUDIO_TRANSLATION,
    apis.MODELS,
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
        host="",
        paths={api: PATHS[api] for api in (apis.CHAT, apis.EMBEDDINGS, apis.MODELS)},
        settings=OllamaSettings,
        endpoint=_ollama,
        # The server has no keys; a proxy in front of it may need one, and Ollama's cloud does.
        token_required=False,
        own_key=OwnKey.KEPT,
        forwards_unknown_apis=True,
    ),
    Row(
        name="vllm",
        title="vLLM",
        host="",
        paths={
            **{api: PATHS[api] for api in _OF_VLLM},
            apis.COHERE_RERANK: "/v1/rerank",
            # With its own Anthropic endpoint nothing is converted. Source: vLLM docs, "Anthropic Messages API".
            apis.MESSAGES: "/v1/messages",
            apis.COUNT_TOKENS: "/v1/messages/count_tokens",
        },
        settings=VllmSettings,
        endpoint=_vllm,
        token_required=False,
        own_key=OwnKey.KEPT,
        original=Original.KNOWN_APIS,
    ),
    Row(
        name="generic",
        title="a service of any kind",
        host="",
        host_setting="generic_host",
        paths={},
        settings=GenericSettings,
        # Nothing is known about the service: only host, credential and path prefixes are set.
        token_required=False,
        own_key=OwnKey.KEPT,
        forwards_unknown_apis=True,
        keeps_path=True,
        keeps_bodies=True,
        first_byte_timeout_always=True,
    ),
    Row(
        name="coze",
        title="Coze",
        host="api.coze.cn",
        paths={},
        # Its paths select agents, and its protocol differs from OpenAI's. Source: Coze API docs.
        forwards_unknown_apis=True,
        keeps_path=True,
        keeps_bodies=True,
    ),
)
