"""OpenAI, and servers with all of its APIs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult

from ..config.settings import OpenAISettings, Settings
from ..protocols.openai import edits
from ..protocols.pivot import chat_rules
from ..wire import apis
from .row import Addressing, Credentials, Dialect, Endpoint, OwnKey, Row, of_all_models


def responses(path: str) -> Mapping[str, str]:
    """The paths of the Responses API of a service that has it here, and of what belongs to it.

    Only OpenAI and Azure count tokens and compact conversations; in front of all others tokens are estimated.
    """
    return {
        apis.RESPONSES: path,
        apis.RETRIEVE_RESPONSE: f"{path}/{{response_id}}",
        apis.CANCEL_RESPONSE: f"{path}/{{response_id}}/cancel",
        apis.RESPONSE_INPUT_ITEMS: f"{path}/{{response_id}}/input_items",
    }


PATHS: Final = {
    apis.CHAT: "/v1/chat/completions",
    apis.COMPLETIONS: "/v1/completions",
    apis.EMBEDDINGS: "/v1/embeddings",
    apis.MODERATIONS: "/v1/moderations",
    apis.IMAGE_GENERATION: "/v1/images/generations",
    apis.IMAGE_EDIT: "/v1/images/edits",
    apis.IMAGE_VARIATION: "/v1/images/variations",
    apis.AUDIO_SPEECH: "/v1/audio/speech",
    apis.AUDIO_TRANSCRIPTION: "/v1/audio/transcriptions",
    apis.AUDIO_TRANSLATION: "/v1/audio/translations",
    apis.REALTIME: "/v1/realtime",
    apis.FILES: "/v1/files",
    apis.RETRIEVE_FILE: "/v1/files/{file_id}",
    apis.RETRIEVE_FILE_CONTENT: "/v1/files/{file_id}/content",
    apis.BATCHES: "/v1/batches",
    apis.RETRIEVE_BATCH: "/v1/batches/{batch_id}",
    apis.CANCEL_BATCH: "/v1/batches/{batch_id}/cancel",
    apis.MODELS: "/v1/models",
    apis.RETRIEVE_MODEL: "/v1/models/{model_id}",
    **responses("/v1/responses"),
    apis.COUNT_RESPONSE_TOKENS: "/v1/responses/input_tokens",
    apis.COMPACT_RESPONSE: "/v1/responses/compact",
    apis.FINE_TUNING_JOBS: "/v1/fine_tuning/jobs",
    apis.RETRIEVE_FINE_TUNING_JOB: "/v1/fine_tuning/jobs/{fine_tuning_job_id}",
    apis.FINE_TUNING_JOB_EVENTS: "/v1/fine_tuning/jobs/{fine_tuning_job_id}/events",
    apis.FINE_TUNING_JOB_CHECKPOINTS: "/v1/fine_tuning/jobs/{fine_tuning_job_id}/checkpoints",
    apis.CANCEL_FINE_TUNING_JOB: "/v1/fine_tuning/jobs/{fine_tuning_job_id}/cancel",
    apis.RESUME_FINE_TUNING_JOB: "/v1/fine_tuning/jobs/{fine_tuning_job_id}/resume",
    apis.PAUSE_FINE_TUNING_JOB: "/v1/fine_tuning/jobs/{fine_tuning_job_id}/pause",
    apis.CHECKPOINT_PERMISSIONS: "/v1/fine_tuning/checkpoints/{fine_tuned_model_checkpoint}/permissions",
    apis.DELETE_CHECKPOINT_PERMISSION: (
        "/v1/fine_tuning/checkpoints/{fine_tuned_model_checkpoint}/permissions/{permission_id}"
    ),
    apis.VIDEOS: "/v1/videos",
    apis.RETRIEVE_VIDEO: "/v1/videos/{video_id}",
    apis.RETRIEVE_VIDEO_CONTENT: "/v1/videos/{video_id}/content",
    apis.VIDEO_REMIX: "/v1/videos/{video_id}/remix",
}
"""Source: OpenAI API reference."""

# If the path of `openaiCustomUrl` ends with one of these, it is the address of a single API.
_DIRECT: Final = (
    "/completions", "/embeddings", "/moderations", "/audio/speech", "/audio/transcriptions", "/audio/translations",
    "/images/generations", "/images/variations", "/images/edits", "/models", "/responses", "/fine_tuning/jobs",
    "/fine_tuning/checkpoints", "/realtime", "/videos", "/rerank",
)  # fmt: skip


def custom(url: SplitResult, paths: Mapping[str, str]) -> Endpoint:
    """The endpoint of a custom address. The address of a single API gets every request; otherwise paths are appended to
    the address, which includes the version.
    """
    host = url.netloc.rpartition("@")[2]
    if url.path.endswith(_DIRECT):
        return Endpoint(host, paths, f"{url.path}?{url.query}" if url.query else url.path)
    base = url.path.rstrip("/")
    return Endpoint(host, {api: base + path.removeprefix("/v1") for api, path in paths.items()})


def _endpoint(settings: Settings, paths: Mapping[str, str]) -> Endpoint:
    assert isinstance(settings, OpenAISettings)
    url = settings.openai_custom_url
    if url is None:
        return Endpoint("api.openai.com", paths)
    # Gateways at a custom address may have Anthropic's API, too.
    return custom(url, {**paths, apis.COUNT_TOKENS: "/v1/messages/count_tokens"})


ROWS: Final = (
    Row(
        name="openai",
        title="OpenAI, and other services with its protocol",
        settings=OpenAISettings,
        addressing=Addressing(
            host="api.openai.com",
            paths=PATHS,
            endpoint=_endpoint,
            # So that new APIs of OpenAI work without a change here.
            forwards_unknown_apis=True,
        ),
        credentials=Credentials(
            # Without tokens, each client uses its own key.
            token_required=False,
            own_key=OwnKey.USED,
        ),
        dialect=Dialect(rules=of_all_models(chat_rules.OPENAI), edits={apis.CHAT: edits.response_format}),
    ),
)
