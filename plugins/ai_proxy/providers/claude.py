"""Anthropic's Claude. Source: docs.anthropic.com, "API overview"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from proxywasm.config import Is

from ..config.settings import Settings
from ..config.settings.claude import ClaudeSettings
from ..protocols.anthropic import service as claude
from ..wire import apis
from .row import BEARER, Auth, Endpoint, Original, Row

_PATHS: Final = {
    apis.CHAT: "/v1/messages",
    apis.MESSAGES: "/v1/messages",
    apis.COUNT_TOKENS: "/v1/messages/count_tokens",
    apis.COMPLETIONS: "/v1/complete",
    apis.EMBEDDINGS: "/v1/embeddings",
    apis.MODELS: "/v1/models",
}


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


def _endpoint(settings: Settings, paths: Mapping[str, str]) -> Endpoint:
    if settings.protocol == "original":
        # Requests in OpenAI's protocol are not converted here; Anthropic has the other APIs itself.
        own = {api: path for api, path in paths.items() if api not in {apis.CHAT, apis.COMPLETIONS}}
        paths = {**own, apis.COMPLETE: "/v1/complete"}
    return Endpoint("api.anthropic.com", paths)


_CLAUDE: Final = Row(
    name="claude",
    title="Anthropic's Claude",
    when=Is("claude_code_mode", False),
    host="api.anthropic.com",
    auth=Auth("x-api-key"),
    headers=_headers,
    settings=ClaudeSettings,
    paths=_PATHS,
    endpoint=_endpoint,
    protocols={apis.CHAT: claude},
    original=Original.KNOWN_APIS,
    # So that new APIs of Anthropic (files, batches) work without a change here.
    forwards_unknown_apis=True,
)
_CLAUDE_CODE: Final = replace(
    _CLAUDE, when=Is("claude_code_mode", True), auth=BEARER, headers=_headers_of_claude_code, query="beta=true"
)

ROWS: Final = (_CLAUDE, _CLAUDE_CODE)
