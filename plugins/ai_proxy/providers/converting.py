"""Model services with their own chat protocol: each has a row and a service protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from proxywasm.config import Is, Not

from ..config.settings import Settings
from ..protocols.cohere import chat as cohere
from ..protocols.cohere import dropped as cohere_dropped
from ..protocols.cohere import embeddings as cohere_embeddings
from ..protocols.cohere import models as cohere_models
from ..protocols.deepl import chat as deepl
from ..protocols.deepl.settings import DeeplSettings
from ..protocols.dify import chat as dify
from ..protocols.dify import dropped as dify_dropped
from ..protocols.dify.settings import DifySettings
from ..protocols.hunyuan import chat as hunyuan
from ..protocols.hunyuan import dropped as hunyuan_dropped
from ..protocols.hunyuan.settings import NATIVE, HunyuanSettings
from ..protocols.minimax import chat as minimax_pro
from ..protocols.minimax import dropped as minimax_dropped
from ..protocols.minimax.settings import MinimaxSettings
from ..protocols.spark import chat as spark
from ..protocols.spark import dropped as spark_dropped
from ..protocols.triton import chat as triton
from ..protocols.triton import dropped as triton_dropped
from ..protocols.triton.settings import TritonSettings
from ..wire import apis
from .row import Addressing, Auth, Credentials, Dialect, Endpoint, Original, Row, of_all_models


def _tencent_cloud(settings: Settings, paths: Mapping[str, str]) -> Endpoint:  # noqa: ARG001
    """Tencent Cloud has one path; a header selects the action."""
    return Endpoint("hunyuan.tencentcloudapi.com", paths, only_path=paths[apis.CHAT])


ROWS: Final = (
    Row(
        name="cohere",
        title="Cohere",
        addressing=Addressing(
            host="api.cohere.com",
            paths={
                apis.CHAT: "/v2/chat",
                apis.EMBEDDINGS: "/v2/embed",
                apis.COHERE_RERANK: "/v1/rerank",
                apis.AUDIO_TRANSCRIPTION: "/v2/audio/transcriptions",
                apis.MODELS: cohere_models.PATH,
                apis.RETRIEVE_MODEL: f"{cohere_models.PATH}/{{model_id}}",
            },
            choose_path=cohere_models.path_of,
            original=Original.KEPT,
        ),
        dialect=Dialect(
            rules=of_all_models(cohere.RULES),
            protocols={
                apis.CHAT: cohere,
                apis.EMBEDDINGS: cohere_embeddings,
                apis.MODELS: cohere_models,
                apis.RETRIEVE_MODEL: cohere_models,
            },
            dropped={apis.CHAT: cohere_dropped.CHAT, apis.EMBEDDINGS: cohere_dropped.EMBEDDINGS},
        ),
    ),
    Row(
        name="deepl",
        title="DeepL",
        settings=DeeplSettings,
        addressing=Addressing(host="api-free.deepl.com", paths={apis.CHAT: "/v2/translate"}, original=Original.KEPT),
        credentials=Credentials(auth=Auth("authorization", "DeepL-Auth-Key ")),
        dialect=Dialect(protocols={apis.CHAT: deepl}, cannot_stream=True, accept_for_streams=False),
    ),
    Row(
        name="dify",
        title="Dify",
        settings=DifySettings,
        addressing=Addressing(host="api.dify.ai", host_setting="dify_api_url", paths={apis.CHAT: "/v1/chat-messages"}),
        dialect=Dialect(
            protocols={apis.CHAT: dify},
            dropped={apis.CHAT: dify_dropped.CHAT},
            # This header selects a conversation that Dify keeps.
            read_headers=("conversationid",),
            accept_for_streams=False,
        ),
    ),
    Row(
        name="hunyuan",
        title="Hunyuan (Tencent Cloud)",
        when=Not(NATIVE),
        settings=HunyuanSettings,
        addressing=Addressing(
            host="api.hunyuan.cloud.tencent.com",
            paths={apis.CHAT: "/v1/chat/completions", apis.EMBEDDINGS: "/v1/embeddings"},
            original=Original.KNOWN_APIS_OR_CHAT,
        ),
        credentials=Credentials(token_required=False),
        dialect=Dialect(accept_for_streams=False),
    ),
    Row(
        name="hunyuan",
        when=NATIVE,
        settings=HunyuanSettings,
        addressing=Addressing(
            host="hunyuan.tencentcloudapi.com",
            paths={apis.CHAT: "/"},
            endpoint=_tencent_cloud,
            strict_query=True,
            original=Original.KNOWN_APIS_OR_CHAT,
        ),
        credentials=Credentials(auth=None, sign=hunyuan.sign, token_required=False),
        dialect=Dialect(
            headers=hunyuan.headers, protocols={apis.CHAT: hunyuan}, dropped={apis.CHAT: hunyuan_dropped.CHAT}
        ),
    ),
    Row(
        name="minimax",
        when=Is("minimax_api_type", "pro"),
        settings=MinimaxSettings,
        addressing=Addressing(
            host="api.minimax.chat", paths={apis.CHAT: "/v1/text/chatcompletion_pro"}, original=Original.KEPT
        ),
        dialect=Dialect(
            protocols={apis.CHAT: minimax_pro}, dropped={apis.CHAT: minimax_dropped.CHAT}, accept_for_streams=False
        ),
    ),
    Row(
        name="spark",
        title="Spark (iFLYTEK)",
        addressing=Addressing(host="spark-api-open.xf-yun.com", paths={apis.CHAT: "/v1/chat/completions"}),
        credentials=Credentials(token_required=False),
        dialect=Dialect(protocols={apis.CHAT: spark}, dropped={apis.CHAT: spark_dropped.CHAT}),
    ),
    Row(
        name="triton",
        title="Triton Inference Server",
        settings=TritonSettings,
        addressing=Addressing(
            host="",
            host_setting="triton_domain",
            paths={apis.CHAT: "/v2/models/{model}/generate"},
            original=Original.KEPT,
        ),
        credentials=Credentials(token_required=False),
        dialect=Dialect(
            protocols={apis.CHAT: triton}, dropped={apis.CHAT: triton_dropped.CHAT}, accept_for_streams=False
        ),
    ),
)
