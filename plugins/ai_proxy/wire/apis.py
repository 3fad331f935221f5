"""Finds the API of a request by its path, and defines the names of the APIs for configuration and providers.

A path may have any prefix, but no trailing slash. Suffixes are tried first, then patterns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import unquote

CHAT: Final = "openai/v1/chatcompletions"
COMPLETIONS: Final = "openai/v1/completions"
EMBEDDINGS: Final = "openai/v1/embeddings"
MODERATIONS: Final = "openai/v1/moderations"
IMAGE_GENERATION: Final = "openai/v1/imagegeneration"
IMAGE_EDIT: Final = "openai/v1/imageedit"
IMAGE_VARIATION: Final = "openai/v1/imagevariation"
AUDIO_SPEECH: Final = "openai/v1/audiospeech"
AUDIO_TRANSCRIPTION: Final = "openai/v1/audiotranscription"
AUDIO_TRANSLATION: Final = "openai/v1/audiotranslation"
REALTIME: Final = "openai/v1/realtime"
FILES: Final = "openai/v1/files"
RETRIEVE_FILE: Final = "openai/v1/retrievefile"
RETRIEVE_FILE_CONTENT: Final = "openai/v1/retrievefilecontent"
BATCHES: Final = "openai/v1/batches"
RETRIEVE_BATCH: Final = "openai/v1/retrievebatch"
CANCEL_BATCH: Final = "openai/v1/cancelbatch"
MODELS: Final = "openai/v1/models"
RETRIEVE_MODEL: Final = "openai/v1/retrievemodel"
RESPONSES: Final = "openai/v1/responses"
COUNT_RESPONSE_TOKENS: Final = "openai/v1/responses/inputtokens"
COMPACT_RESPONSE: Final = "openai/v1/responses/compact"
RETRIEVE_RESPONSE: Final = "openai/v1/retrieveresponse"
CANCEL_RESPONSE: Final = "openai/v1/cancelresponse"
RESPONSE_INPUT_ITEMS: Final = "openai/v1/responseinputitems"
FINE_TUNING_JOBS: Final = "openai/v1/fine-tuningjobs"
RETRIEVE_FINE_TUNING_JOB: Final = "openai/v1/retrievefine-tuningjob"
FINE_TUNING_JOB_EVENTS: Final = "openai/v1/fine-tuningjobsevents"
FINE_TUNING_JOB_CHECKPOINTS: Final = "openai/v1/fine-tuningjobcheckpoints"
CANCEL_FINE_TUNING_JOB: Final = "openai/v1/cancelfine-tuningjob"
RESUME_FINE_TUNING_JOB: Final = "openai/v1/resumefine-tuningjob"
PAUSE_FINE_TUNING_JOB: Final = "openai/v1/pausefine-tuningjob"
CHECKPOINT_PERMISSIONS: Final = "openai/v1/fine-tuningjobcheckpointpermissions"
DELETE_CHECKPOINT_PERMISSION: Final = "openai/v1/deletefine-tuningjobcheckpointpermission"
VIDEOS: Final = "openai/v1/videos"
RETRIEVE_VIDEO: Final = "openai/v1/retrievevideo"
RETRIEVE_VIDEO_CONTENT: Final = "openai/v1/retrievevideocontent"
VIDEO_REMIX: Final = "openai/v1/videoremix"
COHERE_RERANK: Final = "cohere/v1/rerank"
QWEN_RERANK: Final = "qwen/v1/rerank"
QWEN_CONVERSATIONS: Final = "qwen/v1/conversations"
QWEN_ASYNC: Final = "qwen/v1/services/aigc"
QWEN_TASKS: Final = "qwen/v1/tasks"
GEMINI_GENERATE: Final = "gemini/v1beta/generatecontent"
GEMINI_STREAM: Final = "gemini/v1beta/streamgeneratecontent"
MESSAGES: Final = "anthropic/v1/messages"
COUNT_TOKENS: Final = "anthropic/v1/messages/count_tokens"
COMPLETE: Final = "anthropic/v1/complete"
VERTEX_RAW: Final = "vertex/raw"

SUFFIXES: Final = (
    ("/v1/chat/completions", CHAT),
    ("/v1/completions", COMPLETIONS),
    ("/v1/embeddings", EMBEDDINGS),
    ("/v1/moderations", MODERATIONS),
    ("/v1/audio/speech", AUDIO_SPEECH),
    ("/v1/audio/transcriptions", AUDIO_TRANSCRIPTION),
    ("/v1/audio/translations", AUDIO_TRANSLATION),
    ("/v1/realtime", REALTIME),
    ("/v1/images/generations", IMAGE_GENERATION),
    ("/v1/images/variations", IMAGE_VARIATION),
    ("/v1/images/edits", IMAGE_EDIT),
    ("/v1/batches", BATCHES),
    ("/v1/files", FILES),
    ("/v1/models", MODELS),
    ("/v1/fine_tuning/jobs", FINE_TUNING_JOBS),
    ("/v1/responses", RESPONSES),
    ("/v1/responses/input_tokens", COUNT_RESPONSE_TOKENS),
    ("/v1/responses/compact", COMPACT_RESPONSE),
    ("/v1/videos", VIDEOS),
    ("/v1/messages", MESSAGES),
    ("/v1/messages/count_tokens", COUNT_TOKENS),
    ("/v1/complete", COMPLETE),
    ("/v1/rerank", COHERE_RERANK),
    ("/v1/reranks", QWEN_RERANK),
    ("/v1/conversations", QWEN_CONVERSATIONS),
)

TEMPLATES: Final = (
    ("/v1/batches/{batch_id}$", RETRIEVE_BATCH),
    ("/v1/batches/{batch_id}/cancel$", CANCEL_BATCH),
    ("/v1/files/{file_id}$", RETRIEVE_FILE),
    ("/v1/files/{file_id}/content$", RETRIEVE_FILE_CONTENT),
    ("/v1/responses/{response_id}$", RETRIEVE_RESPONSE),
    ("/v1/responses/{response_id}/cancel$", CANCEL_RESPONSE),
    ("/v1/responses/{response_id}/input_items$", RESPONSE_INPUT_ITEMS),
    ("/v1/videos/{video_id}$", RETRIEVE_VIDEO),
    ("/v1/videos/{video_id}/content$", RETRIEVE_VIDEO_CONTENT),
    ("/v1/videos/{video_id}/remix$", VIDEO_REMIX),
    ("/v1/fine_tuning/jobs/{fine_tuning_job_id}$", RETRIEVE_FINE_TUNING_JOB),
    ("/v1/fine_tuning/jobs/{fine_tuning_job_id}/events$", FINE_TUNING_JOB_EVENTS),
    ("/v1/fine_tuning/jobs/{fine_tuning_job_id}/checkpoints$", FINE_TUNING_JOB_CHECKPOINTS),
    ("/v1/fine_tuning/jobs/{fine_tuning_job_id}/cancel$", CANCEL_FINE_TUNING_JOB),
    ("/v1/fine_tuning/jobs/{fine_tuning_job_id}/resume$", RESUME_FINE_TUNING_JOB),
    ("/v1/fine_tuning/jobs/{fine_tuning_job_id}/pause$", PAUSE_FINE_TUNING_JOB),
    ("/v1/fine_tuning/checkpoints/{fine_tuned_model_checkpoint}/permissions$", CHECKPOINT_PERMISSIONS),
    ("/v1/fine_tuning/checkpoints/{fine_tuned_model_checkpoint}/permissions/{permission_id}$",
     DELETE_CHECKPOINT_PERMISSION),
    # A colon ends the model's name; text after the method's name is ignored.
    # `/publishers/google/models/...` does not match: it is a path of Vertex AI.
    (r"/(?P<version>v\d[^/]*)/models/(?P<model>[^:]+):generateContent", GEMINI_GENERATE),
    (r"/(?P<version>v\d[^/]*)/models/(?P<model>[^:]+):streamGenerateContent", GEMINI_STREAM),
    # Names may have colons, but not as Google's methods have them.
    (r"/v1/models/(?P<model_id>(?![^/]*:(?:predict|[a-z]+[A-Z]))[^/]+)$", RETRIEVE_MODEL),
)  # fmt: skip

PATTERNS: Final = tuple(
    (re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)), api) for template, api in TEMPLATES
)

ALL: Final = frozenset(
    [api for _, api in SUFFIXES] + [api for _, api in TEMPLATES] + [QWEN_ASYNC, QWEN_TASKS, VERTEX_RAW]
)
"""All API names; `capabilities` may use these."""

STREAMING: Final = frozenset(
    {CHAT, COMPLETIONS, IMAGE_GENERATION, IMAGE_EDIT, RESPONSES, QWEN_ASYNC, MESSAGES, COMPLETE}
)
"""The APIs whose requests have the field `stream`."""

OF_RESPONSES: Final = (
    COUNT_RESPONSE_TOKENS, COMPACT_RESPONSE, RETRIEVE_RESPONSE, CANCEL_RESPONSE, RESPONSE_INPUT_ITEMS,
)  # fmt: skip
"""The APIs that services with the Responses API may have, too."""

STATEFUL: Final = frozenset(
    {
        RESPONSES, *OF_RESPONSES,
        FILES, RETRIEVE_FILE, RETRIEVE_FILE_CONTENT, BATCHES, RETRIEVE_BATCH, CANCEL_BATCH, FINE_TUNING_JOBS,
        RETRIEVE_FINE_TUNING_JOB, FINE_TUNING_JOB_EVENTS, FINE_TUNING_JOB_CHECKPOINTS, CANCEL_FINE_TUNING_JOB,
        RESUME_FINE_TUNING_JOB,
    }
)  # fmt: skip
"""The APIs that keep state in the account of the token: a consumer has to get the same token each time."""

UNREAD: Final = frozenset(
    {
        AUDIO_TRANSCRIPTION, AUDIO_TRANSLATION,
        FILES, RETRIEVE_FILE, RETRIEVE_FILE_CONTENT, BATCHES, RETRIEVE_BATCH, CANCEL_BATCH, MODELS, REALTIME,
        RETRIEVE_MODEL,
        RETRIEVE_FINE_TUNING_JOB, FINE_TUNING_JOB_EVENTS, FINE_TUNING_JOB_CHECKPOINTS, CANCEL_FINE_TUNING_JOB,
        RESUME_FINE_TUNING_JOB, PAUSE_FINE_TUNING_JOB, CHECKPOINT_PERMISSIONS, DELETE_CHECKPOINT_PERMISSION,
        RETRIEVE_VIDEO, RETRIEVE_VIDEO_CONTENT, GEMINI_GENERATE, GEMINI_STREAM,
        RETRIEVE_RESPONSE, CANCEL_RESPONSE, RESPONSE_INPUT_ITEMS,
    }
)  # fmt: skip
"""The APIs whose bodies have no model or are uploads; they are passed on unread."""

IMAGE_FORMS: Final = frozenset({IMAGE_EDIT, IMAGE_VARIATION})
"""The APIs whose forms are read for the name of the model. Other forms are uploads and are passed on unread."""

TAKE_FORMS: Final = IMAGE_FORMS | {AUDIO_TRANSCRIPTION, AUDIO_TRANSLATION, VIDEOS, VIDEO_REMIX}
"""The APIs whose bodies may be forms."""

MODEL_REQUIRED: Final = frozenset({CHAT, COMPLETIONS, EMBEDDINGS})

_NO_PARAMETERS: Final[Mapping[str, str]] = MappingProxyType({})


class Route(NamedTuple):
    """The API of a path (empty if unknown) and the ids found in it."""

    api: str
    parameters: Mapping[str, str] = _NO_PARAMETERS


PLAIN: Final[Mapping[str, Route]] = MappingProxyType({suffix: Route(api) for suffix, api in SUFFIXES})
"""The result of `classify` for paths without prefix and query, which most clients use."""


_SLASH: Final = re.compile("%2f", re.IGNORECASE)
_INSIDE: Final = "\0"
"""Replaces an escaped slash while a path is classified. Paths cannot contain NUL: `paths.check` refuses it."""


def classify(path: str, suffixes: Sequence[tuple[str, str]] = SUFFIXES) -> Route:
    """The API of a request path, which may have a query.

    >>> classify("/any/prefix/v1/files/f-1?x=1")
    Route(api='openai/v1/retrievefile', parameters={'file_id': 'f-1'})
    """
    path = path.partition("?")[0]
    if "%" in path:
        # An escaped slash is not a separator (RFC 3986, 2.2), and the service would not read it as one.
        path = unquote(_SLASH.sub(_INSIDE, path))
    for suffix, api in suffixes:
        if path.endswith(suffix):
            return Route(api)
    for pattern, api in PATTERNS:
        if match := pattern.search(path):
            return Route(api, {name: value.replace(_INSIDE, "/") for name, value in match.groupdict().items()})
    return Route("")
