"""Self-hosted servers, and services of unknown kind."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ..config.settings import GenericSettings, OllamaSettings, ServerSettings, Settings, VllmSettings
from ..protocols.openai import edits
from ..wire import apis
from .openai import PATHS, custom
from .row import Addressing, Credentials, Dialect, Endpoint, Original, OwnKey, Row


def _ollama(settings: Settings, paths: Mapping[str, str]) -> Endpoint:
    assert isinstance(settings, OllamaSettings)
    return Endpoint(f"{settings.ollama_server_host}:{settings.ollama_server_port}", paths)


_ODD_FINISHES: Final = Dialect(
    chunk_edit=edits.openais_answer, answer_edit=edits.openais_answer, edited_answers=edits.ODD_FINISHES
)
_PLAIN: Final = Dialect()
_NO_OTHERS: Final[Mapping[str, str]] = MappingProxyType({})
_MESSAGES: Final = {apis.MESSAGES: "/v1/messages"}
_RERANK: Final = {apis.COHERE_RERANK: "/v1/rerank"}

# Source: vLLM docs, "Online Serving".
_OF_VLLM: Final = (
    apis.CHAT, apis.COMPLETIONS, apis.RESPONSES, apis.RETRIEVE_RESPONSE, apis.CANCEL_RESPONSE, apis.EMBEDDINGS,
    apis.AUDIO_TRANSCRIPTION, apis.AUDIO_TRANSLATION, apis.MODELS,
)  # fmt: skip


def _vllm(settings: Settings, paths: Mapping[str, str]) -> Endpoint:
    assert isinstance(settings, VllmSettings)
    if settings.vllm_custom_url is not None:
        return custom(settings.vllm_custom_url, paths)
    return Endpoint(settings.vllm_server_host or "vllm-service.cluster.local", paths)


def _server(settings: Settings, paths: Mapping[str, str]) -> Endpoint:
    assert isinstance(settings, ServerSettings)
    address = settings.server_url
    base = address.path.rstrip("/").removesuffix("/v1")
    return Endpoint(address.netloc.rpartition("@")[2], {api: base + path for api, path in paths.items()})


def _self_hosted(
    name: str, title: str, *names: str, others: Mapping[str, str] = _NO_OTHERS, dialect: Dialect = _PLAIN
) -> Row:
    """A server with OpenAI's paths for some APIs, and `others`."""
    return Row(
        name=name,
        title=title,
        settings=ServerSettings,
        addressing=Addressing(
            host="",
            paths={**{api: PATHS[api] for api in names}, **others},
            endpoint=_server,
            original=Original.KNOWN_APIS,
        ),
        # Keys are optional, and clients may have their own.
        credentials=Credentials(token_required=False, own_key=OwnKey.KEPT),
        dialect=dialect,
    )


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
        dialect=_ODD_FINISHES,
    ),
    # Source: lmstudio.ai/docs/developer, "OpenAI Compatible Endpoints", "Anthropic Compatible Endpoints".
    _self_hosted(
        "lmstudio", "LM Studio",
        apis.CHAT, apis.COMPLETIONS, apis.RESPONSES, apis.EMBEDDINGS, apis.MODELS,
        others=_MESSAGES,
    ),
    # Source: docs.sglang.io, "OpenAI-Compatible APIs", "SGLang Native APIs". Unverified: responses, which rests on the
    # server's own "OpenAI APIs - Responses"; its Anthropic endpoint is not used.
    _self_hosted(
        "sglang", "SGLang",
        apis.CHAT, apis.COMPLETIONS, apis.RESPONSES, apis.EMBEDDINGS, apis.MODELS,
        others=_RERANK,
        dialect=_ODD_FINISHES,
    ),
    # Source: the routes of xorbitsai/inference, `xinference/api`.
    _self_hosted(
        "xinference", "Xinference",
        apis.CHAT, apis.COMPLETIONS, apis.EMBEDDINGS, apis.IMAGE_GENERATION, apis.IMAGE_EDIT, apis.IMAGE_VARIATION,
        apis.AUDIO_SPEECH, apis.AUDIO_TRANSCRIPTION, apis.AUDIO_TRANSLATION, apis.MODELS,
        others=_RERANK,
    ),
    # Source: docs.litellm.ai, "LiteLLM Proxy", "Supported Endpoints". Its Anthropic endpoint converts for each model.
    _self_hosted(
        "litellm", "LiteLLM Proxy",
        apis.CHAT, apis.COMPLETIONS, apis.RESPONSES, apis.EMBEDDINGS, apis.MODERATIONS, apis.IMAGE_GENERATION,
        apis.IMAGE_EDIT, apis.AUDIO_SPEECH, apis.AUDIO_TRANSCRIPTION, apis.MODELS,
        others={**_MESSAGES, **_RERANK},
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
)  # fmt: skip
