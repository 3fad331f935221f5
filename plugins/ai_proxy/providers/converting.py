"""Model services with their own chat protocol: each has a row and a service protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from proxywasm.config import Is, Not

from ..config.settings import DeeplSettings, DifySettings, HunyuanSettings, MinimaxSettings, Settings, TritonSettings
from ..config.settings.converting import NATIVE
from ..protocols.cohere import chat as cohere
from ..protocols.deepl import chat as deepl
from ..protocols.dify import chat as dify
from ..protocols.hunyuan import chat as hunyuan
from ..protocols.minimax import chat as minimax_pro
from ..protocols.spark import chat as spark
from ..protocols.triton import chat as triton
from ..wire import apis
from .row import Auth, Endpoint, Original, Row


def _tencent_cloud(settings: Settings, paths: Mapping[str, str]) -> Endpoint:  # noqa: ARG001
    """Tencent Cloud has one path; a header selects the action."""
    return Endpoint("hunyuan.tencentcloudapi.com", paths, only_path=paths[apis.CHAT])


ROWS: Final = (
    Row(
        name="cohere",
        title="Cohere",
        host="api.cohere.com",
        paths={apis.CHAT: "/v2/chat", apis.COHERE_RERANK: "/v1/rerank"},
        protocols={apis.CHAT: cohere},
        original=Original.KEPT,
    ),
    Row(
        name="deepl",
        title="DeepL",
        host="api-free.deepl.com",
        paths={apis.CHAT: "/v2/translate"},
        auth=Auth("authorization", "DeepL-Auth-Key "),
        settings=DeeplSettings,
        protocols={apis.CHAT: deepl},
        original=Original.KEPT,
        cannot_stream=True,
        accept_for_streams=False,
    ),
    Row(
        name="dify",
        title="Dify",
        host="api.dify.ai",
        host_setting="dify_api_url",
        paths={apis.CHAT: "/v1/chat-messages"},
        settings=DifySettings,
        protocols={apis.CHAT: dify},
        # This header selects a conversation that Dify keeps.
        read_headers=("conversationid",),
        accept_for_streams=False,
    ),
    Row(
        name="hunyuan",
        title="Hunyuan (Tencent Cloud)",
        when=Not(NATIVE),
        host="api.hunyuan.cloud.tencent.com",
        paths={apis.CHAT: "/v1/chat/completions", apis.EMBEDDINGS: "/v1/embeddings"},
        settings=HunyuanSettings,
        token_required=False,
        accept_for_streams=False,
        original=Original.KNOWN_APIS_OR_CHAT,
    ),
    Row(
        name="hunyuan",
        when=NATIVE,
        host="hunyuan.tencentcloudapi.com",
        paths={apis.CHAT: "/"},
        endpoint=_tencent_cloud,
        auth=None,
        strict_query=True,
        headers=hunyuan.headers,
        sign=hunyuan.sign,
        settings=HunyuanSettings,
        protocols={apis.CHAT: hunyuan},
        token_required=False,
        original=Original.KNOWN_APIS_OR_CHAT,
    ),
    Row(
        name="minimax",
        when=Is("minimax_api_type", "pro"),
        host="api.minimax.chat",
        paths={apis.CHAT: "/v1/text/chatcompletion_pro"},
        settings=MinimaxSettings,
        protocols={apis.CHAT: minimax_pro},
        original=Original.KEPT,
        accept_for_streams=False,
    ),
    Row(
        name="spark",
        title="Spark (iFLYTEK)",
        host="spark-api-open.xf-yun.com",
        paths={apis.CHAT: "/v1/chat/completions"},
        protocols={apis.CHAT: spark},
        token_required=False,
    ),
    Row(
        name="triton",
        title="Triton Inference Server",
        host="",
        host_setting="triton_domain",
        paths={apis.CHAT: "/v2/models/{model}/generate"},
        settings=TritonSettings,
        protocols={apis.CHAT: triton},
        original=Original.KEPT,
        token_required=False,
        accept_for_streams=False,
    ),
)
