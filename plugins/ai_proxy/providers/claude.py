"""Anthropic's Claude. Source: docs.anthropic.com, "API overview"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from proxywasm.config import Is

from ..config.settings import Settings
from ..protocols.anthropic import dropped as claude_dropped
from ..protocols.anthropic import models as claude_models
from ..protocols.anthropic import service as claude
from ..protocols.anthropic import tokens as claude_tokens
from ..protocols.anthropic.settings import ClaudeSettings
from ..protocols.exchange import Exchange
from ..protocols.pivot import chat_rules
from ..protocols.pivot.claude import without_foreign_citations
from ..wire import apis
from ..wire.json import Json
from .row import BEARER, Addressing, Auth, Credentials, Dialect, Endpoint, Original, Row, of_all_models

_PATHS: Final = {
    apis.CHAT: "/v1/messages",
    apis.MESSAGES: "/v1/messages",
    apis.COUNT_TOKENS: "/v1/messages/count_tokens",
    apis.COUNT_RESPONSE_TOKENS: "/v1/messages/count_tokens",
    apis.COMPLETIONS: "/v1/complete",
    apis.EMBEDDINGS: "/v1/embeddings",
    apis.MODELS: "/v1/models",
    apis.RETRIEVE_MODEL: "/v1/models/{model_id}",
    # Anthropic's Files API has the paths of OpenAI's.
    apis.FILES: "/v1/files",
    apis.RETRIEVE_FILE: "/v1/files/{file_id}",
    apis.RETRIEVE_FILE_CONTENT: "/v1/files/{file_id}/content",
}


_CONVERTED: Final = frozenset({apis.CHAT, apis.COMPLETIONS, apis.COUNT_RESPONSE_TOKENS})


def _headers(settings: Settings) -> dict[str, str]:
    assert isinstance(settings, ClaudeSettings)
    return {"anthropic-version": settings.claude_version}


def _headers_of_claude_code(settings: Settings) -> dict[str, str]:
    # The API requires these with OAuth tokens of Claude Code.
    return {
        **_headers(settings),
        "anthropic-beta": "oauth-2025-04-20,interleaved-thinking-2025-05-14,claude-code-20250219",
        "user-agent": "claude-cli/2.1.2 (external, cli)",
        "x-app": "cli",
    }


def _edit_messages(exchange: Exchange, body: Json) -> bool:  # noqa: ARG001
    return without_foreign_citations(body)


def _path(exchange: Exchange) -> str:
    """The list of models comes in pages; OpenAI's has none, so its clients get one page with all of them."""
    wants_own = exchange.api != apis.MODELS or exchange.client_headers.get("anthropic-version")
    return "" if wants_own else f"{_PATHS[apis.MODELS]}?limit={claude_models.PAGE}"


def _endpoint(settings: Settings, paths: Mapping[str, str]) -> Endpoint:
    if settings.protocol == "original":
        # Requests in OpenAI's protocol are not converted here; Anthropic has the other APIs itself.
        own = {api: path for api, path in paths.items() if api not in _CONVERTED}
        paths = {**own, apis.COMPLETE: "/v1/complete"}
    return Endpoint("api.anthropic.com", paths)


_CLAUDE: Final = Row(
    name="claude",
    title="Anthropic's Claude",
    when=Is("claude_code_mode", False),
    settings=ClaudeSettings,
    addressing=Addressing(
        host="api.anthropic.com",
        paths=_PATHS,
        endpoint=_endpoint,
        choose_path=_path,
        original=Original.KNOWN_APIS,
        # So that new APIs of Anthropic (files, batches) work without a change here.
        forwards_unknown_apis=True,
    ),
    credentials=Credentials(auth=Auth("x-api-key")),
    dialect=Dialect(
        rules=of_all_models(chat_rules.ANTHROPIC),
        headers=_headers,
        client_headers=frozenset({"anthropic-version"}),
        request_id_header="request-id",
        keeps_threads=True,
        protocols={
            apis.CHAT: claude,
            apis.MODELS: claude_models,
            apis.RETRIEVE_MODEL: claude_models,
            apis.COUNT_RESPONSE_TOKENS: claude_tokens.COUNTER,
        },
        dropped={apis.CHAT: claude_dropped.CHAT},
        edits={apis.MESSAGES: _edit_messages, apis.COUNT_TOKENS: _edit_messages},
        read_headers=("anthropic-version",),  # Clients of Anthropic's protocol send it, and get lists in its format.
    ),
)
_CLAUDE_CODE: Final = replace(
    _CLAUDE,
    when=Is("claude_code_mode", True),
    addressing=replace(_CLAUDE.addressing, query="beta=true"),
    credentials=replace(_CLAUDE.credentials, auth=BEARER),
    dialect=replace(_CLAUDE.dialect, headers=_headers_of_claude_code),
)

ROWS: Final = (_CLAUDE, _CLAUDE_CODE)
