"""Providers with OpenAI's protocol: a host, paths, and some small differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from proxywasm.config import Is

from ..config.settings import (
    CloudflareSettings,
    DoubaoSettings,
    LongcatSettings,
    MoonshotSettings,
    Settings,
    ZhipuSettings,
)
from ..protocols.minimax.settings import MinimaxSettings
from ..protocols.openai import edits, moderations
from ..protocols.pivot import chat_rules
from ..wire import apis
from .openai import PATHS, responses
from .row import RAW, Addressing, Credentials, Dialect, Endpoint, Original, Row, of_all_models


def _like_openai(*names: str, prefix: str = "") -> Mapping[str, str]:
    return {api: prefix + PATHS[api] for api in names}


def _cloudflare(settings: Settings, paths: Mapping[str, str]) -> Endpoint:
    assert isinstance(settings, CloudflareSettings)
    base = f"/client/v4/accounts/{settings.cloudflare_account_id}/ai"
    return Endpoint("api.cloudflare.com", {api: base + path for api, path in paths.items()})


# `Original.KEPT`: the service's own paths differ from OpenAI's, so clients of its own protocol choose the path.
ROWS: Final = (
    # The key is sent without "Bearer". Source: 360 Zhinao API docs.
    Row(
        name="ai360",
        title="360 Zhinao",
        addressing=Addressing(host="api.360.cn", paths=_like_openai(apis.CHAT, apis.EMBEDDINGS)),
        credentials=Credentials(auth=RAW),
    ),
    Row(
        name="baichuan",
        title="Baichuan",
        addressing=Addressing(host="api.baichuan-ai.com", paths=_like_openai(apis.CHAT, apis.EMBEDDINGS)),
    ),
    Row(
        name="baidu",
        title="Baidu Qianfan (ERNIE)",
        addressing=Addressing(
            host="qianfan.baidubce.com",
            paths={apis.CHAT: "/v2/chat/completions", apis.EMBEDDINGS: "/v2/embeddings"},
            original=Original.KEPT,
        ),
    ),
    Row(
        name="cloudflare",
        title="Cloudflare Workers AI",
        settings=CloudflareSettings,
        addressing=Addressing(host="api.cloudflare.com", paths=_like_openai(apis.CHAT), endpoint=_cloudflare),
    ),
    Row(
        name="deepseek",
        title="DeepSeek",
        addressing=Addressing(
            host="api.deepseek.com",
            # With its own Anthropic endpoint nothing is converted. Source: DeepSeek API docs, "Anthropic API".
            paths={
                **_like_openai(apis.CHAT, apis.MODELS),
                **responses("/v1/responses"),
                apis.MESSAGES: "/anthropic/v1/messages",
            },
        ),
        dialect=Dialect(
            chunk_edit=edits.openais_answer,
            answer_edit=edits.openais_answer,
            edited_answers=edits.DEEPSEEKS_ANSWERS,
        ),
    ),
    Row(
        name="doubao",
        title="Doubao (Volcengine Ark)",
        settings=DoubaoSettings,
        addressing=Addressing(
            host="ark.cn-beijing.volces.com",
            host_setting="doubao_domain",
            paths={
                apis.CHAT: "/api/v3/chat/completions",
                apis.EMBEDDINGS: "/api/v3/embeddings",
                apis.IMAGE_GENERATION: "/api/v3/images/generations",
                **responses("/api/v3/responses"),
            },
            original=Original.KEPT,
        ),
        dialect=Dialect(edits={apis.RESPONSES: edits.doubao_responses, apis.IMAGE_GENERATION: edits.doubao_images}),
    ),
    Row(
        name="fireworks",
        title="Fireworks AI",
        addressing=Addressing(
            host="api.fireworks.ai",
            # Source: Fireworks API reference; the original leaves "/inference" out, which does not work. Embeddings:
            # the clients of LangChain (`embeddings/fireworks.ts`) and LlamaIndex, which is OpenAI's with this address.
            paths=_like_openai(apis.CHAT, apis.COMPLETIONS, apis.EMBEDDINGS, apis.MODELS, prefix="/inference"),
            original=Original.KNOWN_APIS,
        ),
    ),
    # Closed since; kept for configurations that point `providerDomain` elsewhere.
    Row(
        name="galadriel",
        title="Galadriel",
        addressing=Addressing(
            host="api.galadriel.com", paths=_like_openai(apis.CHAT, apis.MODELS), original=Original.KNOWN_APIS
        ),
    ),
    Row(
        name="github",
        title="GitHub Models",
        addressing=Addressing(
            host="models.inference.ai.azure.com",
            paths={apis.CHAT: "/chat/completions", apis.EMBEDDINGS: "/embeddings"},
            original=Original.KNOWN_APIS,
        ),
        credentials=Credentials(
            # GitHub Models takes a personal access token without "Bearer", and its paths have no version.
            auth=RAW,
        ),
    ),
    Row(
        name="grok",
        title="Grok (xAI)",
        addressing=Addressing(
            host="api.x.ai",
            # Source: docs.x.ai, "Inference REST API". Edits of images and videos have a protocol of their own.
            # Unverified: completions and embeddings, which rest on copies of its OpenAPI document.
            paths=_like_openai(
                apis.CHAT, apis.COMPLETIONS, apis.RESPONSES, apis.EMBEDDINGS, apis.IMAGE_GENERATION, apis.MODELS
            ),
            original=Original.KNOWN_APIS,
        ),
    ),
    Row(
        name="groq",
        title="Groq",
        addressing=Addressing(
            host="api.groq.com",
            # Source: github.com/groq/groq-python, v1.7.0, "api.md"; for responses, console.groq.com/docs.
            paths={
                **_like_openai(
                    apis.CHAT,
                    apis.EMBEDDINGS,
                    apis.AUDIO_SPEECH,
                    apis.AUDIO_TRANSCRIPTION,
                    apis.AUDIO_TRANSLATION,
                    apis.MODELS,
                    apis.FILES,
                    apis.RETRIEVE_FILE,
                    apis.RETRIEVE_FILE_CONTENT,
                    apis.BATCHES,
                    apis.RETRIEVE_BATCH,
                    apis.CANCEL_BATCH,
                    prefix="/openai",
                ),
                **responses("/openai/v1/responses"),
            },
            original=Original.KEPT,
        ),
    ),
    Row(
        name="longcat",
        title="LongCat",
        settings=LongcatSettings,
        addressing=Addressing(host="api.longcat.chat", paths=_like_openai(apis.CHAT, apis.EMBEDDINGS, apis.MODELS)),
        dialect=Dialect(edits={apis.CHAT: edits.response_format}),
    ),
    Row(
        name="minimax",
        title="MiniMax",
        when=Is("minimax_api_type", "v2"),
        settings=MinimaxSettings,
        addressing=Addressing(
            host="api.minimax.chat", paths={apis.CHAT: "/v1/text/chatcompletion_v2"}, original=Original.KEPT
        ),
        dialect=Dialect(
            # Only the field `stream` selects streaming.
            accept_for_streams=False,
        ),
    ),
    Row(
        name="mistral",
        title="Mistral AI",
        addressing=Addressing(
            host="api.mistral.ai",
            # Source: docs.mistral.ai, "API". Batches have a protocol of their own. Unverified: models and files, which
            # rest on clients of the service. Moderation: its Python client, `classifiers.py`.
            paths=_like_openai(
                apis.CHAT,
                apis.EMBEDDINGS,
                apis.MODERATIONS,
                apis.AUDIO_TRANSCRIPTION,
                apis.FILES,
                apis.RETRIEVE_FILE,
                apis.RETRIEVE_FILE_CONTENT,
                apis.MODELS,
            ),
        ),
        dialect=Dialect(
            rules=of_all_models(chat_rules.MISTRAL),
            edits={apis.CHAT: edits.mistral_chat},
            protocols={apis.MODERATIONS: moderations},
            chunk_edit=edits.openais_answer,
            answer_edit=edits.openais_answer,
            edited_answers=edits.MISTRALS_ANSWERS,
        ),
    ),
    Row(
        name="moonshot",
        title="Moonshot AI (Kimi)",
        settings=MoonshotSettings,
        addressing=Addressing(host="api.moonshot.cn", paths=_like_openai(apis.CHAT, apis.MODELS)),
        dialect=Dialect(chunk_edit=edits.moonshot_usage, edited_answers=edits.MOONSHOTS_ANSWERS),
    ),
    Row(
        name="openrouter",
        title="OpenRouter",
        addressing=Addressing(
            host="openrouter.ai",
            # Source: github.com/OpenRouterTeam/python-sdk, v1.3.84. It keeps no responses.
            paths={
                **_like_openai(
                    apis.CHAT, apis.COMPLETIONS, apis.RESPONSES, apis.EMBEDDINGS, apis.MODELS, prefix="/api"
                ),
                apis.COHERE_RERANK: "/api/v1/rerank",
            },
            original=Original.KEPT,
        ),
        dialect=Dialect(
            rules=of_all_models(chat_rules.READS_CACHE_CONTROL),
            chunk_edit=edits.openais_answer,
            answer_edit=edits.openais_answer,
            edited_answers=edits.ODD_FINISHES,
        ),
    ),
    Row(
        name="stepfun",
        title="StepFun",
        addressing=Addressing(host="api.stepfun.com", paths=_like_openai(apis.CHAT)),
    ),
    Row(
        name="together-ai",
        title="Together AI",
        addressing=Addressing(
            host="api.together.xyz",
            # Source: docs.together.ai, "OpenAI compatibility"; its API reference, "Rerank". Speech, which
            # it has too, is refused as in the original; `capabilities` can add it.
            paths={
                **_like_openai(
                    apis.CHAT,
                    apis.COMPLETIONS,
                    apis.EMBEDDINGS,
                    apis.IMAGE_GENERATION,
                    apis.AUDIO_TRANSCRIPTION,
                    apis.AUDIO_TRANSLATION,
                    apis.MODELS,
                ),
                apis.COHERE_RERANK: "/v1/rerank",
            },
            original=Original.KNOWN_APIS,
        ),
        dialect=Dialect(
            chunk_edit=edits.openais_answer,
            answer_edit=edits.openais_answer,
            edited_answers=edits.ODD_FINISHES,
        ),
    ),
    Row(
        name="yi",
        title="Yi (01.AI)",
        addressing=Addressing(host="api.lingyiwanwu.com", paths=_like_openai(apis.CHAT)),
    ),
    *(
        Row(
            name="zhipuai",
            title="Zhipu AI (GLM)",
            # The subscription for coding tools has its own endpoint. Source: Zhipu AI docs, "GLM Coding Plan".
            when=Is("zhipu_code_plan_mode", coding),
            settings=ZhipuSettings,
            addressing=Addressing(
                host="open.bigmodel.cn",
                host_setting="zhipu_domain",
                # Source: github.com/zai-org/z-ai-sdk-python, v0.2.3.
                paths={
                    apis.CHAT: chat,
                    apis.EMBEDDINGS: "/api/paas/v4/embeddings",
                    apis.IMAGE_GENERATION: "/api/paas/v4/images/generations",
                    apis.AUDIO_SPEECH: "/api/paas/v4/audio/speech",
                    apis.AUDIO_TRANSCRIPTION: "/api/paas/v4/audio/transcriptions",
                    apis.FILES: "/api/paas/v4/files",
                    apis.BATCHES: "/api/paas/v4/batches",
                },
                original=Original.KEPT,
            ),
            dialect=Dialect(
                chunk_edit=edits.openais_answer,
                answer_edit=edits.openais_answer,
                edited_answers=edits.ZHIPUS_ANSWERS,
            ),
        )
        for coding, chat in (
            (False, "/api/paas/v4/chat/completions"),
            (True, "/api/coding/paas/v4/chat/completions"),
        )
    ),
)
